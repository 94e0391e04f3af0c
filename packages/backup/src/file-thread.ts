import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { compileThreadCode, threadEnvironment } from '@backstream/kernel/thread-code'
import { RecordWriter } from './file-records.ts'
import { type FileAttributes, FileFailed, type FileMark, type FileSink } from './file-sink.ts'
import {
  controlBytes,
  type FileThreadInput,
  lastSlab,
  lengthAt,
  postedAt,
  type SlabDone,
  slabBytes,
  slabCount,
  type ThreadFailure,
} from './file-thread-protocol.ts'

/** A thread that makes files, for as long as it is not disposed of. */
export async function openFileThread(): Promise<FileThread> {
  await compileThreadCode(() => import('./file-thread-worker.ts'))
  return new FileThread()
}

/** One that hangs in a system call (a dead network mount) cannot be ended: it is left behind. */
const hangMs = 10_000

/**
 * Makes files of an empty place in a thread: what it is told here is copied into shared memory and done
 * there, while the archive is read on. What could not be done is told later, with the file it was.
 */
export class FileThread implements FileSink, AsyncDisposable {
  onNotSet: FileSink['onNotSet'] = () => {}
  readonly #worker: Worker
  readonly #exited: Promise<void>
  readonly #control = new Int32Array(new SharedArrayBuffer(controlBytes))
  readonly #slabs = new SharedArrayBuffer(slabCount * slabBytes)
  /** Files begun that are not known to be done, by their number. */
  readonly #marks = new Map<number, FileMark>()
  #begun = 0
  #known = 0
  #posted = 0
  #done = 0
  #records: RecordWriter | null = null
  #isAbandonDue = false
  #hasEnded = false
  #failure: { readonly error: unknown } | null = null
  #wake: (() => void) | null = null

  constructor() {
    const control = this.#control.buffer as SharedArrayBuffer
    this.#worker = new Worker(new URL('./file-thread-worker.ts', import.meta.url), {
      workerData: { control, slabs: this.#slabs } satisfies FileThreadInput,
      name: 'backstream-files',
      env: threadEnvironment(),
      resourceLimits: { maxYoungGenerationSizeMb: 6 },
    })
    this.#worker.on('message', (message: SlabDone) => this.#onDone(message))
    this.#worker.on('error', (error) => this.#fail(error))
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#fail(new Error('the thread that makes files has ended'))
        resolve()
      })
    })
  }

  begin(path: Buffer, mark: FileMark): Promise<void> | undefined {
    this.#check()
    const number = ++this.#begun
    this.#marks.set(number, mark)
    if (this.#records?.begin(path)) return
    return this.#inNext((records) => records.begin(path))
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    this.#check()
    const told = this.#records?.content(chunk) ?? 0
    return told === chunk.length ? undefined : this.#writeRest(chunk.subarray(told))
  }

  end(attributes: FileAttributes): Promise<void> | undefined {
    this.#check()
    if (this.#records?.end(attributes)) return
    return this.#inNext((records) => records.end(attributes))
  }

  abandon(): void {
    if (this.#records) this.#records.abandon()
    else this.#isAbandonDue = true
  }

  async flush(): Promise<void> {
    await this.#ship()
    await this.#untilWaiting(0)
    this.#check()
  }

  /** Ends the thread once all it was told is done; a file that is not whole by then goes. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#end()
    ended.catch(() => {}) // the failure was told, or is not of interest any more
    // A slow disk is waited for, as long as it takes another slab within that time.
    for (let seen = -1; seen !== this.#done && !this.#hasEnded; ) {
      seen = this.#done
      await this.#untilGoneOr(hangMs)
    }
    this.#worker.unref()
    void this.#worker.terminate()
  }

  async #untilGoneOr(ms: number): Promise<void> {
    const timer = new AbortController()
    const late = delay(ms, null, { signal: timer.signal }).catch(() => {})
    await Promise.race([this.#exited, late])
    timer.abort()
  }

  async #end(): Promise<void> {
    await this.#ship()
    await this.#untilWaiting(slabCount - 1)
    this.#post(lastSlab)
  }

  async #writeRest(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const records = await this.#next()
      at += records.content(chunk.subarray(at))
    }
  }

  async #inNext(tell: (records: RecordWriter) => void): Promise<void> {
    tell(await this.#next())
  }

  /** An empty slab to tell in, the one before it posted. */
  async #next(): Promise<RecordWriter> {
    await this.#ship()
    await this.#untilWaiting(slabCount - 1)
    this.#check()
    const start = (this.#posted % slabCount) * slabBytes
    this.#records = new RecordWriter(Buffer.from(this.#slabs, start, slabBytes))
    if (this.#isAbandonDue) this.#records.abandon()
    this.#isAbandonDue = false
    return this.#records
  }

  async #ship(): Promise<void> {
    const records = this.#records
    this.#records = null
    if (records && records.filled > 0) this.#post(records.filled)
  }

  #post(filled: number): void {
    this.#control[lengthAt(this.#posted)] = filled
    this.#posted++
    Atomics.add(this.#control, postedAt, 1)
    Atomics.notify(this.#control, postedAt)
  }

  /** Until no more than so many slabs are posted and not done, or it has failed. */
  async #untilWaiting(count: number): Promise<void> {
    while (this.#posted - this.#done > count && !this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #onDone({ begun, notSet, failure }: SlabDone): void {
    this.#done++
    for (const what of notSet) this.onNotSet(what)
    if (failure) this.#failure ??= { error: this.#failed(begun, failure) }
    // The last of them may go on in the next slab.
    while (this.#known < begun - 1) this.#marks.delete(++this.#known)
    this.#wake?.()
  }

  #failed(begun: number, { error, code, syscall }: ThreadFailure): unknown {
    const cause = Object.assign(error as Error, code && syscall ? { code, syscall } : {})
    const mark = this.#marks.get(begun)
    return mark ? new FileFailed(mark, cause) : cause
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#hasEnded = true
    this.#wake?.()
  }

  #check(): void {
    if (this.#failure) throw this.#failure.error
  }
}
