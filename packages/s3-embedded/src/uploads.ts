import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChecksumAlgorithm, ChecksumType } from './checksums.ts'
import type { DataFiles, DataPiece } from './data-files.ts'
import { readJson, writeJson } from './json-file.ts'
import { KeyedLock } from './keyed-lock.ts'
import type { ObjectDraft } from './object-version.ts'
import { randomId } from './random-id.ts'
import { readAll } from './read-all.ts'
import { S3Error } from './s3-error.ts'

/** What CreateMultipartUpload said. */
export interface UploadHead {
  readonly uploadId: string
  readonly initiatedAtMs: number
  readonly draft: ObjectDraft
  readonly checksum?:
    | { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType }
    | undefined
}

export interface UploadedPart {
  readonly number: number
  readonly bytes: number
  /** MD5 in hex. */
  readonly etag: string
  readonly lastModifiedMs: number
  readonly piece: DataPiece
  /** Base64, of the upload's algorithm; of the client's choice when the upload has none. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined
}

export interface Upload extends UploadHead {
  readonly parts: ReadonlyMap<number, UploadedPart>
}

interface OpenUpload extends UploadHead {
  readonly parts: Map<number, UploadedPart>
}

/**
 * Multipart uploads in progress: `<id>/upload.json` and `<id>/part-NNNNN.json`.
 *
 * A completed upload's parts become the object's pieces as they are: no byte is copied.
 */
export class Uploads {
  readonly #dir: string
  readonly #files: DataFiles
  readonly #open: Map<string, OpenUpload>
  readonly #lock = new KeyedLock()

  private constructor(dir: string, files: DataFiles, uploads: readonly OpenUpload[]) {
    this.#dir = dir
    this.#files = files
    this.#open = new Map(uploads.map((upload) => [upload.uploadId, upload]))
  }

  /** `completed`: ids that are objects already; a crash came before their directory was removed. */
  static async open(options: {
    dir: string
    files: DataFiles
    completed: ReadonlySet<string | undefined>
  }): Promise<Uploads> {
    const { dir, files, completed } = options
    await mkdir(dir, { recursive: true })
    const uploads: OpenUpload[] = []
    for (const id of await readdir(dir)) {
      const upload = completed.has(id) ? undefined : await loadUpload(join(dir, id))
      if (upload) uploads.push(upload)
      else await rm(join(dir, id), { recursive: true, force: true })
    }
    return new Uploads(dir, files, uploads)
  }

  async create(head: Omit<UploadHead, 'uploadId'>): Promise<Upload> {
    const upload = { ...head, uploadId: randomId(), parts: new Map<number, UploadedPart>() }
    await mkdir(join(this.#dir, upload.uploadId))
    const { parts: _, ...stored } = upload
    await this.#write(upload.uploadId, 'upload.json', stored)
    this.#open.set(upload.uploadId, upload)
    return upload
  }

  /** Throws `NoSuchUpload`, also when the upload is another key's. */
  get(key: string, uploadId: string): Upload {
    return this.#get(key, uploadId)
  }

  all(): Upload[] {
    return [...this.#open.values()]
  }

  *pieces(): Generator<DataPiece> {
    for (const upload of this.#open.values()) {
      for (const part of upload.parts.values()) yield part.piece
    }
  }

  /** Replaces an earlier part of that number. The upload may have ended while the part came in. */
  async addPart(key: string, uploadId: string, part: UploadedPart): Promise<void> {
    await this.#lock.run(uploadId, async () => {
      const upload = this.#open.get(uploadId)
      if (upload?.draft.key !== key) {
        await this.#files.remove([part.piece])
        throw new S3Error('NoSuchUpload')
      }
      await this.#write(uploadId, partName(part.number), part)
      const replaced = upload.parts.get(part.number)
      upload.parts.set(part.number, part)
      // The new part is in place: what cannot be removed now goes at the next start.
      if (replaced) await this.#files.remove([replaced.piece]).catch(() => {})
    })
  }

  /** Forgets the upload and removes its parts. */
  async abort(key: string, uploadId: string): Promise<void> {
    await this.#lock.run(uploadId, async () => {
      const upload = this.#get(key, uploadId)
      await this.#drop(upload, new Set())
    })
  }

  /**
   * Runs `commit`, which must make an object of the pieces it returns, alone on this upload; then
   * forgets the upload and removes the parts that were not used. When it throws, all stays.
   */
  async complete<T>(
    key: string,
    uploadId: string,
    commit: (upload: Upload) => Promise<{ result: T; used: readonly DataPiece[] }>,
  ): Promise<T> {
    return this.#lock.run(uploadId, async () => {
      const upload = this.#get(key, uploadId)
      const { result, used } = await commit(upload)
      await this.#drop(upload, new Set(used.map((piece) => piece.id)))
      return result
    })
  }

  async #drop(upload: OpenUpload, kept: ReadonlySet<string>): Promise<void> {
    this.#open.delete(upload.uploadId)
    await rm(join(this.#dir, upload.uploadId), { recursive: true, force: true })
    const pieces = [...upload.parts.values()].map((part) => part.piece)
    await this.#files.remove(pieces.filter((piece) => !kept.has(piece.id)))
  }

  #get(key: string, uploadId: string): OpenUpload {
    const upload = this.#open.get(uploadId)
    if (upload?.draft.key !== key) throw new S3Error('NoSuchUpload')
    return upload
  }

  async #write(uploadId: string, name: string, value: unknown): Promise<void> {
    const path = join(this.#dir, uploadId, name)
    await writeJson({ path, tmpDir: this.#files.tmpDir }, value)
  }
}

function partName(number: number): string {
  return `part-${String(number).padStart(5, '0')}.json`
}

/** Undefined when the crash came before the upload was written down. */
async function loadUpload(dir: string): Promise<OpenUpload | undefined> {
  const names = await readdir(dir)
  if (!names.includes('upload.json')) return undefined
  const head = await readJson<UploadHead>(join(dir, 'upload.json'))
  const paths = names.filter((name) => name.startsWith('part-')).map((name) => join(dir, name))
  const parts = await readAll<UploadedPart>(paths)
  return { ...head, parts: new Map(parts.map((part) => [part.number, part])) }
}
