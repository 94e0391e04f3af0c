import { Worker } from 'node:worker_threads'
import { compileThreadCode, threadEnvironment } from '@backstream/kernel/thread-code'
import type { ObjectDigest, ObjectHasherOptions, PartDigest } from '@backstream/storage'

/** What the thread is started with. */
export interface HashThreadInput {
  readonly partBytes: number
  readonly hashes: ObjectHasherOptions
}

/** The object's next part, or its end. Each is answered, in this order. */
export type HashOrder =
  | { readonly kind: 'part'; readonly memory: SharedArrayBuffer; readonly bytes: number }
  | { readonly kind: 'end' }

/** Hashes an object in a thread, part by part, where the parts lie. */
export interface HashThread extends AsyncDisposable {
  /** The object's next part, from the start of `memory`; whole, and not changed before this resolves. */
  addPart(memory: SharedArrayBuffer, bytes: number): Promise<PartDigest>
  /** The last part, which may be shorter, and with it the object. */
  addLast(memory: SharedArrayBuffer, bytes: number): Promise<ObjectDigest>
}

interface Awaited {
  resolve(answer: unknown): void
  reject(error: unknown): void
}

export async function openHashThread(input: HashThreadInput): Promise<HashThread> {
  await compileThreadCode(() => import('./hash-thread-worker.ts'))
  const worker = new Worker(new URL('./hash-thread-worker.ts', import.meta.url), {
    workerData: input,
    name: 'backstream-hash',
    env: threadEnvironment(),
    resourceLimits: { maxYoungGenerationSizeMb: 1 },
  })
  const awaited: Awaited[] = []
  let failure: { readonly error: unknown } | undefined
  const fail = (error: unknown) => {
    failure ??= { error }
    for (const { reject } of awaited.splice(0)) reject(error)
  }
  worker.on('message', (answer) => awaited.shift()?.resolve(answer))
  worker.on('error', fail)
  worker.on('exit', () => fail(new Error('the thread that hashes has ended')))
  const ask = <Answer>(order: HashOrder): Promise<Answer> => {
    if (failure) return Promise.reject(failure.error)
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    awaited.push({ resolve: (answer) => resolve(answer as Answer), reject })
    worker.postMessage(order)
    return promise
  }
  return {
    addPart: (memory, bytes) => ask({ kind: 'part', memory, bytes }),
    async addLast(memory, bytes) {
      const [, digest] = await Promise.all([
        ask({ kind: 'part', memory, bytes }),
        ask<ObjectDigest>({ kind: 'end' }),
      ])
      return digest
    },
    async [Symbol.asyncDispose]() {
      await worker.terminate()
    },
  }
}
