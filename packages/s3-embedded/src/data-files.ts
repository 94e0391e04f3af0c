import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { randomId } from './random-id.ts'
import { makeShard } from './shard.ts'

/** A stretch of an object's bytes: one file, named by a random id and never by a key. */
export interface DataPiece {
  readonly id: string
  readonly bytes: number
}

/** Half-open, in bytes. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

export interface DataWriter {
  /** Resolves when more is welcome. Takes the chunk over. */
  write(chunk: Buffer): Promise<void> | void
  /** The piece is whole and in place. */
  finish(): Promise<DataPiece>
  /** Removes what was written. Harmless after `finish`. */
  discard(): Promise<void>
}

const flushBytes = 1024 * 1024
const readBytes = 512 * 1024

/**
 * The files that hold bytes, below `dir`: `data/<2 digits>/<id>`, written in `tmp` and renamed.
 *
 * A piece that is being read is not unlinked until the reader is done.
 */
export class DataFiles {
  readonly tmpDir: string
  readonly #dir: string
  readonly #held = new Map<string, number>()
  readonly #doomed = new Set<string>()

  private constructor(dir: string) {
    this.#dir = join(dir, 'data')
    this.tmpDir = join(dir, 'tmp')
  }

  static async open(dir: string): Promise<DataFiles> {
    const files = new DataFiles(dir)
    await rm(files.tmpDir, { recursive: true, force: true })
    await mkdir(files.tmpDir, { recursive: true })
    await mkdir(files.#dir, { recursive: true })
    return files
  }

  async create(): Promise<DataWriter> {
    const id = randomId()
    const tmpPath = join(this.tmpDir, id)
    const writer = new BatchedWriter(await open(tmpPath, 'wx'))
    let inPlace = false
    return {
      write: (chunk) => writer.write(chunk),
      finish: async () => {
        const bytes = await writer.end()
        await makeShard(join(this.#dir, id.slice(0, 2)))
        await rename(tmpPath, this.#path(id))
        inPlace = true
        return { id, bytes }
      },
      discard: async () => {
        if (inPlace) return
        await writer.abandon()
        await rm(tmpPath, { force: true })
      },
    }
  }

  /** Keeps the pieces readable until the returned function is called. */
  hold(pieces: readonly DataPiece[]): () => Promise<void> {
    for (const { id } of pieces) this.#held.set(id, (this.#held.get(id) ?? 0) + 1)
    let released = false
    return async () => {
      if (released) return
      released = true
      for (const { id } of pieces) await this.#release(id)
    }
  }

  /** The bytes of `range` of the pieces put one behind the other. Hold them before. */
  async *read(pieces: readonly DataPiece[], range: ByteRange): AsyncGenerator<Buffer> {
    let offset = 0
    for (const piece of pieces) {
      const start = Math.max(range.start - offset, 0)
      const end = Math.min(range.end - offset, piece.bytes)
      offset += piece.bytes
      if (start < end) yield* readFileRange(this.#path(piece.id), { start, end })
      if (offset >= range.end) return
    }
  }

  async remove(pieces: readonly DataPiece[]): Promise<void> {
    for (const { id } of pieces) {
      if (this.#held.has(id)) this.#doomed.add(id)
      else await rm(this.#path(id), { force: true })
    }
  }

  /** Removes what a crash left: every piece that is not in `known`. */
  async removeUnknown(known: ReadonlySet<string>): Promise<void> {
    for (const shard of await readdir(this.#dir)) {
      for (const id of await readdir(join(this.#dir, shard))) {
        if (!known.has(id)) await rm(this.#path(id), { force: true })
      }
    }
  }

  async #release(id: string): Promise<void> {
    const holders = (this.#held.get(id) ?? 1) - 1
    if (holders > 0) {
      this.#held.set(id, holders)
      return
    }
    this.#held.delete(id)
    if (this.#doomed.delete(id)) await rm(this.#path(id), { force: true })
  }

  #path(id: string): string {
    return join(this.#dir, id.slice(0, 2), id)
  }
}

async function* readFileRange(path: string, range: ByteRange): AsyncGenerator<Buffer> {
  const handle = await open(path, 'r')
  try {
    for (let at = range.start; at < range.end; ) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(readBytes, range.end - at))
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
      if (bytesRead === 0) throw new Error(`${path} is shorter than its record says`)
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

/** Gathers chunks and writes them in one call, while the next ones are gathered. */
class BatchedWriter {
  readonly #handle: FileHandle
  #pending: Buffer[] = []
  #pendingBytes = 0
  #bytes = 0
  #flushing: Promise<void> = Promise.resolve()
  #failure: unknown

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  write(chunk: Buffer): Promise<void> | void {
    this.#pending.push(chunk)
    this.#pendingBytes += chunk.length
    if (this.#pendingBytes >= flushBytes) return this.#flush()
  }

  /** Closes the file; returns its size. */
  async end(): Promise<number> {
    await this.#flush()
    await this.#flushing
    this.#throwFailure()
    await this.#handle.close()
    return this.#bytes
  }

  async abandon(): Promise<void> {
    await this.#flushing
    await this.#handle.close()
  }

  /** Waits for the flush before, then starts this one and does not wait for it. */
  async #flush(): Promise<void> {
    const chunks = this.#pending
    this.#pending = []
    this.#pendingBytes = 0
    await this.#flushing
    this.#throwFailure()
    if (chunks.length === 0) return
    this.#flushing = this.#writeAll(chunks).catch((error: unknown) => {
      this.#failure = error
    })
  }

  async #writeAll(chunks: Buffer[]): Promise<void> {
    const wanted = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    const { bytesWritten } = await this.#handle.writev(chunks)
    this.#bytes += wanted
    if (bytesWritten === wanted) return
    const rest = Buffer.concat(chunks).subarray(bytesWritten)
    await this.#handle.writeFile(rest)
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) {
      throw new Error('Writing to the data directory failed', { cause: this.#failure })
    }
  }
}
