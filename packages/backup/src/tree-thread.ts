import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { ArchiveError } from '@backstream/archive'
import { copyBytes } from '@backstream/kernel'
import { compileThreadCode, threadEnvironment } from '@backstream/kernel/thread-code'
import { type ExtractReport, emptyReport } from './extract-report.ts'
import { type ExtractOptions, type LeftToDo, TreeExtractor } from './extract-tree.ts'
import { packError, unpackError } from './portable-error.ts'
import type { TreeMaker, TreeWork } from './tree-maker.ts'
import {
  control,
  type TreeAnswer,
  type TreeOrder,
  type TreeThreadInput,
} from './tree-thread-protocol.ts'

/**
 * Makes a tree in a thread, while the tar is read on here. Chunks in shared memory are read where they
 * lie: they must be valid until `chunksAhead + 1` more are asked for.
 */
export async function openTreeThread(options: ExtractOptions, work: TreeWork): Promise<TreeMaker> {
  await compileThreadCode(() => import('./tree-thread-worker.ts'))
  return new TreeThread(options, work)
}

/** Chunks the thread may still have when the next one is asked for. A second one made nothing faster. */
export const chunksAhead = 1

/** For chunks that lie elsewhere. */
const slabBytes = 1 << 20
/** One that hangs in a system call (a dead network mount) cannot be ended: it is left behind. */
const hangMs = 10_000

interface Ended {
  readonly last: TreeAnswer | null
  readonly error: unknown
}

class TreeThread implements TreeMaker {
  readonly report: ExtractReport
  readonly #options: ExtractOptions
  readonly #signal: AbortSignal
  readonly #worker: Worker
  readonly #control = new Int32Array(new SharedArrayBuffer(control.bytes))
  /** Chunks it has not read: the slab to fill again then, if it is one of ours. */
  readonly #given: (SharedArrayBuffer | null)[] = []
  readonly #slabs: SharedArrayBuffer[] = []
  #ended: Ended | null = null
  #left: LeftToDo | undefined
  #wake: () => void = () => {}

  constructor(options: ExtractOptions, { signal, report = emptyReport() }: TreeWork) {
    this.#options = options
    this.#signal = signal
    this.report = report
    const shared = this.#control.buffer as SharedArrayBuffer
    this.#worker = new Worker(new URL('./tree-thread-worker.ts', import.meta.url), {
      workerData: { control: shared, options } satisfies TreeThreadInput,
      name: 'backstream-tree',
      env: threadEnvironment(),
      resourceLimits: { maxYoungGenerationSizeMb: 6 },
    })
    this.#worker.on('message', (answer: TreeAnswer) => this.#onAnswer(answer))
    this.#worker.on('error', (error) => this.#end(null, error))
    this.#worker.on('exit', () =>
      this.#end(null, new Error('the thread that makes files has ended')),
    )
  }

  async extract(plain: AsyncIterable<Uint8Array>): Promise<void> {
    const onAbort = () => this.#letGo()
    this.#signal.addEventListener('abort', onAbort, { once: true })
    try {
      const failure = await this.#feed(plain)
      const { last, error } = await this.#untilEnded()
      if (last?.kind === 'done') return
      if (last?.kind === 'stopped' && last.error) throw unpackError(last.error)
      this.#signal.throwIfAborted()
      throw last === null ? error : (failure ?? new Error('the thread that makes files gave up'))
    } finally {
      this.#signal.removeEventListener('abort', onAbort)
    }
  }

  goOn(): TreeExtractor {
    const work = { signal: this.#signal, report: this.report, left: this.#left }
    return new TreeExtractor(this.#options, work)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#letGo()
    await this.#untilEnded()
    this.#worker.unref()
    void this.#worker.terminate()
  }

  /** Returns why there is no more of it than the thread was told; undefined at its end. */
  async #feed(plain: AsyncIterable<Uint8Array>): Promise<unknown> {
    try {
      for await (const chunk of plain) {
        await this.#give(chunk)
        if (this.#ended) return
      }
      this.#post({ kind: 'end' })
      return
    } catch (error) {
      const told = error instanceof ArchiveError ? packError(error) : null
      this.#post({ kind: 'failed', error: told })
      return error
    }
  }

  async #give(chunk: Uint8Array): Promise<void> {
    const { buffer, byteOffset: start, byteLength: bytes } = chunk
    if (buffer instanceof SharedArrayBuffer) {
      return await this.#giveOne({ kind: 'chunk', memory: buffer, start, bytes }, null)
    }
    for (let at = 0; at < bytes; at += slabBytes) {
      const memory = this.#slabs.pop() ?? new SharedArrayBuffer(slabBytes)
      const piece = chunk.subarray(at, at + slabBytes)
      copyBytes(piece, new Uint8Array(memory), 0)
      await this.#giveOne({ kind: 'chunk', memory, start: 0, bytes: piece.byteLength }, memory)
    }
  }

  async #giveOne(order: TreeOrder, slab: SharedArrayBuffer | null): Promise<void> {
    this.#given.push(slab)
    this.#post(order)
    while (this.#given.length > chunksAhead && !this.#ended) {
      this.#signal.throwIfAborted()
      await this.#nextAnswer()
    }
  }

  #post(order: TreeOrder): void {
    this.#worker.postMessage(order)
    Atomics.add(this.#control, control.posted, 1)
    Atomics.notify(this.#control, control.posted)
  }

  /** It makes nothing more, and no chunk is waited for. */
  #letGo(): void {
    Atomics.store(this.#control, control.stopped, 1)
    if (!this.#ended) this.#post({ kind: 'failed', error: null })
    this.#wake()
  }

  /** A slow disk is waited for; when all is let go, as long as a chunk is read within some time. */
  async #untilEnded(): Promise<Ended> {
    while (!this.#ended) {
      const isLetGo = Atomics.load(this.#control, control.stopped) !== 0
      const before = this.#given.length
      if (!isLetGo) await this.#nextAnswer()
      else if (!(await this.#answersWithin(hangMs)) && before === this.#given.length) break
    }
    return this.#ended ?? { last: null, error: new Error('the thread that makes files hangs') }
  }

  async #nextAnswer(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }

  async #answersWithin(ms: number): Promise<boolean> {
    const timer = new AbortController()
    const late = delay(ms, false, { signal: timer.signal }).catch(() => false)
    const isInTime = await Promise.race([this.#nextAnswer().then(() => true), late])
    timer.abort()
    return isInTime
  }

  #onAnswer(answer: TreeAnswer): void {
    const { notSet, damaged: _, ...counts } = answer.report
    Object.assign(this.report, counts)
    for (const [what, count] of notSet) this.report.notSet.set(what, count)
    if (answer.kind === 'stopped') this.#left = answer.left
    if (answer.kind === 'read') {
      const slab = this.#given.shift()
      if (slab) this.#slabs.push(slab)
      this.#wake()
    } else {
      this.#end(answer, null)
    }
  }

  #end(last: TreeAnswer | null, error: unknown): void {
    this.#ended ??= { last, error }
    this.#wake()
  }
}
