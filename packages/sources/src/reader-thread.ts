import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { SegmentEntries, type TarSegment } from '@backstream/archive'
import type { DirectorySourceConfig } from '@backstream/config'
import { compileThreadCode, threadEnvironment } from '@backstream/kernel/thread-code'
import {
  type ListedEntry,
  type ReaderInput,
  type ReaderMessage,
  type ReaderTask,
  type Slab,
  stopAt,
  takenAt,
} from './reader-thread-protocol.ts'
import type { SourceEstimate, SourceOptions, SourceSummary } from './source.ts'
import { deserializeSourceError, SourceError } from './source-error.ts'

/** What a reader thread has done: pieces in order, then its result. */
export type ReaderPiece =
  | { readonly kind: 'segment'; readonly segment: TarSegment }
  | { readonly kind: 'entries'; readonly entries: readonly ListedEntry[] }
  | { readonly kind: 'result'; readonly result: SourceSummary | SourceEstimate | null }

export interface ReaderThreadOptions extends SourceOptions {
  readonly config: DirectorySourceConfig
  readonly task: ReaderTask
  readonly slabBytes: number
}

/** A thread that is asked to stop looks up at the next entry or read. */
const stopMs = 2_000
/** One inside a system call that does not return cannot be ended at all. */
const terminateMs = 10_000

/**
 * Runs a task in a thread of its own and yields what it produces, ending with the result.
 *
 * The thread is gone when this ends, however it ends; one that hangs in a system call (a dead network
 * mount) is given up after a while, with a warning.
 */
export async function* runReaderThread(
  options: ReaderThreadOptions,
): AsyncGenerator<ReaderPiece, void, undefined> {
  await compileThreadCode(() => import('./directory-worker.ts'))
  options.signal.throwIfAborted()
  const thread = new ReaderThread(options)
  try {
    for (;;) {
      const message = await thread.next()
      if (message.kind === 'error') throw deserializeSourceError(message.error)
      if (message.kind === 'end') {
        yield { kind: 'result', result: message.result }
        return
      }
      yield message.kind === 'segment' ? thread.pieceOf(message) : message
    }
  } finally {
    await thread.stop()
  }
}

class ReaderThread {
  readonly #options: ReaderThreadOptions
  readonly #worker: Worker
  readonly #control = new Int32Array(new SharedArrayBuffer(8))
  readonly #messages: ReaderMessage[] = []
  readonly #exited: Promise<void>
  #failure: { readonly error: unknown } | null = null
  #wake: (() => void) | null = null

  constructor(options: ReaderThreadOptions) {
    this.#options = options
    const { task, config, slabBytes } = options
    const input: ReaderInput = {
      task,
      config,
      slabBytes,
      control: this.#control.buffer as SharedArrayBuffer,
    }
    this.#worker = new Worker(new URL('./directory-worker.ts', import.meta.url), {
      workerData: input,
      name: 'backstream-reader',
      env: threadEnvironment(),
      resourceLimits: { maxYoungGenerationSizeMb: 6 },
    })
    this.#worker.on('message', (message: ReaderMessage) => {
      this.#messages.push(message)
      this.#wake?.()
    })
    this.#worker.on('error', (error) => this.#fail(error))
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#fail(new SourceError('source-failed', 'The reader thread ended before its task did'))
        resolve()
      })
    })
    options.signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** The next message, taken; rejects when the thread fails or the signal is aborted. */
  async next(): Promise<ReaderMessage> {
    for (;;) {
      this.#options.signal.throwIfAborted()
      const message = this.#messages.shift()
      if (message) {
        Atomics.add(this.#control, takenAt, 1)
        Atomics.notify(this.#control, takenAt)
        return message
      }
      if (this.#failure) throw this.#failure.error
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  pieceOf({ content, bytes, entries }: Extract<ReaderMessage, { kind: 'segment' }>): ReaderPiece {
    let isReleased = false
    const release = (): void => {
      // A slab that came back twice would be filled for two segments at once.
      if (!isReleased) this.#worker.postMessage({ content, entries: entries.memory } satisfies Slab)
      isReleased = true
    }
    const view = new Uint8Array(content, 0, bytes)
    const segment = { bytes: view, entries: new SegmentEntries(entries), release }
    return { kind: 'segment', segment }
  }

  async stop(): Promise<void> {
    this.#options.signal.removeEventListener('abort', this.#onAbort)
    Atomics.store(this.#control, stopAt, 1)
    // Changing the counter too: a thread just about to wait for it must not sleep on.
    Atomics.add(this.#control, takenAt, 1)
    Atomics.notify(this.#control, takenAt)
    if (await this.#isGoneWithin(stopMs)) return
    this.#worker.terminate().catch(() => {}) // its outcome is the exit that is waited for next
    if (await this.#isGoneWithin(terminateMs)) return
    this.#worker.unref()
    this.#options.logger.warn(
      { path: this.#options.config.path },
      'the reader thread hangs in a system call and is left behind',
    )
  }

  readonly #onAbort = (): void => this.#wake?.()

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#wake?.()
  }

  async #isGoneWithin(ms: number): Promise<boolean> {
    const timer = new AbortController()
    try {
      return await Promise.race([
        this.#exited.then(() => true),
        delay(ms, false, { signal: timer.signal }),
      ])
    } finally {
      timer.abort()
    }
  }
}
