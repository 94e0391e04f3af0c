import { createHash, randomUUID } from 'node:crypto'

/** What the sink remembers of an object: never its bytes, unless they are few. */
export interface SinkObject {
  readonly bytes: number
  /** Without quotes. */
  readonly etag: string
  /** CRC-32 of all of it, in base64, as its client stated it. */
  readonly crc32: string | undefined
  /** Objects of up to `keptBytes` can be read back: manifests, marks, notes. */
  readonly content: Buffer | null
}

export interface SinkPart {
  readonly number: number
  readonly bytes: number
  readonly etag: string
}

/** Larger bodies are swallowed. */
export const keptBytes: number = 1 << 20

interface SinkUpload {
  readonly key: string
  readonly parts: Map<number, SinkPart>
}

/** Names and sizes of what was sent. Nothing is hashed here: see `etagOf`. */
export class SinkStore {
  readonly objects: Map<string, SinkObject> = new Map()
  readonly uploads: Map<string, SinkUpload> = new Map()
  /** Every request but those that ask for this. */
  requests = 0

  beginUpload(key: string): string {
    const id = randomUUID()
    this.uploads.set(id, { key, parts: new Map() })
    return id
  }

  /** False when there is no such upload. */
  addPart(id: string, part: SinkPart): boolean {
    return this.uploads.get(id)?.parts.set(part.number, part) !== undefined
  }

  /** The object that the parts make, in order of their numbers; undefined without such an upload. */
  completeUpload(id: string, crc32: string | undefined): SinkObject | undefined {
    const upload = this.uploads.get(id)
    if (!upload) return undefined
    this.uploads.delete(id)
    const parts = [...upload.parts.values()].sort((a, b) => a.number - b.number)
    const md5s = Buffer.concat(parts.map(({ etag }) => Buffer.from(etag, 'hex')))
    const object = {
      bytes: parts.reduce((total, { bytes }) => total + bytes, 0),
      etag: `${createHash('md5').update(md5s).digest('hex')}-${parts.length}`,
      crc32,
      content: null,
    }
    this.objects.set(upload.key, object)
    return object
  }

  /** Keys and common prefixes below `prefix`, in byte order of UTF-8. */
  list(prefix: string, delimiter: string): { keys: string[]; folders: string[] } {
    const keys: string[] = []
    const folders = new Set<string>()
    for (const key of this.objects.keys()) {
      if (!key.startsWith(prefix)) continue
      const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
      if (end === -1) keys.push(key)
      else folders.add(key.slice(0, end + delimiter.length))
    }
    const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
    return { keys: keys.sort(byBytes), folders: [...folders].sort(byBytes) }
  }
}

/**
 * The MD5 of a body as its client states it in Content-MD5; hashing it here would take the cores away
 * from those who are measured. Without one an ETag that is no MD5, as with encrypted objects on AWS.
 */
export function etagOf(contentMd5: string | undefined): string {
  if (contentMd5 !== undefined) return Buffer.from(contentMd5, 'base64').toString('hex')
  return `${randomUUID().replaceAll('-', '')}-sink`
}
