import { Worker } from 'node:worker_threads'
import { copyBytes } from '@backstream/kernel'
import { compileThreadCode, threadEnvironment } from '@backstream/kernel/thread-code'
import type { ObjectDigest, ObjectHasherOptions, PartDigest } from '@backstream/storage'
import { giveSlabBack, slabBytes, takeSlab } from './hash-slabs.ts'

/** What the thread is started with. */
export interface HashThreadInput {
  readonly partBytes: number
  readonly hashes: ObjectHasherOptions
}

/** Each is answered, in this order. */
export type HashOrder =
  /** The object's next bytes, from the start of `memory`. Answered with null: it is free again. */
  | { readonly kind: 'bytes'; readonly memory: SharedArrayBuffer; readonly bytes: number }
  /** Answered with the digest of a part that is full. */
  | { readonly kind: 'part'; readonly partNumber: number }
  /** Answered with the object's. */
  | { readonly kind: 'end' }

/** Hashes an object in a thread. Parts are added one after another, never two at a time. */
export interface HashThread extends AsyncDisposable {
  /** The object's next part, a full one; not changed before this resolves. */
  addPart(bytes: Uint8Array, partNumber: number): Promise<PartDigest>
  /** The last part, which may be shorter, and with it the object. */
  addLast(bytes: Uint8Array): Promise<ObjectDigest>
}

/** The next ones are filled while the thread hashes one. */
const slabsAhead = 4

export async function openHashThread(input: HashThreadInput): Promise<HashThread> {
  await compileThreadCode(() => import('./hash-thread-worker.ts'))
  return new HashingWorker(input)
}

interface Awaited {
  resolve(answer: unknown): void
  reject(error: unknown): void
}

class HashingWorker implements HashThread {
  readonly #worker: Worker
  readonly #awaited: Awaited[] = []
  readonly #slabs: SharedArrayBuffer[]
  #failure: { readonly error: unknown } | undefined

  constructor(input: HashThreadInput) {
    this.#worker = new Worker(new URL('./hash-thread-worker.ts', import.meta.url), {
      workerData: input,
      name: 'backstream-hash',
      env: threadEnvironment(),
      resourceLimits: { maxYoungGenerationSizeMb: 1 },
    })
    this.#slabs = Array.from({ length: slabsAhead }, takeSlab)
    this.#worker.on('message', (answer) => this.#awaited.shift()?.resolve(answer))
    this.#worker.on('messageerror', (error) => this.#fail(error))
    this.#worker.on('error', (error) => this.#fail(error))
    this.#worker.on('exit', (code) =>
      this.#fail(new Error(`the thread that hashes has ended (exit code ${code})`)),
    )
  }

  async addPart(bytes: Uint8Array, partNumber: number): Promise<PartDigest> {
    await this.#feed(bytes)
    return await this.#ask({ kind: 'part', partNumber })
  }

  async addLast(bytes: Uint8Array): Promise<ObjectDigest> {
    await this.#feed(bytes)
    return await this.#ask({ kind: 'end' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
    this.#fail(new Error('the thread that hashes was ended'))
    for (const slab of this.#slabs.splice(0)) giveSlabBack(slab)
  }

  async #feed(bytes: Uint8Array): Promise<void> {
    const slabs = this.#slabs.map((slab) => Promise.resolve(slab))
    for (let at = 0; at < bytes.byteLength; at += slabBytes) {
      const memory = await slabs.shift()
      // From its end on the slabs are another upload's.
      if (this.#failure || !memory) throw this.#failure?.error
      const piece = bytes.subarray(at, at + slabBytes)
      copyBytes(piece, new Uint8Array(memory), 0)
      const order = { kind: 'bytes', memory, bytes: piece.byteLength } as const
      const read = this.#ask(order).then(() => memory)
      read.catch(() => {}) // whoever waits for the next one is told
      slabs.push(read)
    }
    await Promise.all(slabs)
  }

  #ask<Answer>(order: HashOrder): Promise<Answer> {
    if (this.#failure) return Promise.reject(this.#failure.error)
    this.#worker.postMessage(order)
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    this.#awaited.push({ resolve: (answer) => resolve(answer as Answer), reject })
    return promise
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    for (const { reject } of this.#awaited.splice(0)) reject(error)
  }
}
