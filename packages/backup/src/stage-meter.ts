import type { Clock } from '@backstream/kernel'

/** Where the bytes of a backup pass: read, compressed (and encrypted), sent. */
export type BackupStage = 'source' | 'compress' | 'upload'

const windowMs = 5_000

/**
 * Tells which stage the others wait for.
 *
 * While the source is asked for more and does not answer, it is the source. While what is compressed
 * lies with the upload, which does not ask for more, it is the upload. All other time passes between
 * the two.
 */
export class StageMeter {
  readonly #clock: Clock
  readonly #source: Stopwatch
  readonly #upload: Stopwatch
  readonly #marks: { readonly at: number; readonly source: number; readonly upload: number }[] = []

  constructor(clock: Clock) {
    this.#clock = clock
    this.#source = new Stopwatch(clock)
    this.#upload = new Stopwatch(clock)
  }

  /** Passes on what a source gives. */
  fromSource<T>(input: AsyncIterable<T>): AsyncGenerator<T> {
    return this.#measured(input, { asking: this.#source })
  }

  /** Passes on what the upload takes. */
  toUpload<T>(input: AsyncIterable<T>): AsyncGenerator<T> {
    return this.#measured(input, { taking: this.#upload })
  }

  isWaitingFor(stage: 'source' | 'upload'): boolean {
    return (stage === 'source' ? this.#source : this.#upload).isRunning
  }

  /** Of the last few seconds; null before there was anything to see. */
  slowest(): BackupStage | null {
    const now = { at: this.#clock.monotonicMs(), source: this.#source.ms, upload: this.#upload.ms }
    this.#marks.push(now)
    while (this.#marks.length > 2 && now.at - (this.#marks[0]?.at ?? now.at) > windowMs) {
      this.#marks.shift()
    }
    const since = this.#marks[0] ?? now
    const source = now.source - since.source
    const upload = now.upload - since.upload
    const compress = now.at - since.at - source - upload
    const longest = Math.max(source, upload, compress)
    if (longest <= 0) return null
    if (longest === source) return 'source'
    return longest === upload ? 'upload' : 'compress'
  }

  async *#measured<T>(
    input: AsyncIterable<T>,
    { asking, taking }: { readonly asking?: Stopwatch; readonly taking?: Stopwatch },
  ): AsyncGenerator<T> {
    const iterator = input[Symbol.asyncIterator]()
    let isFinished = false
    try {
      for (;;) {
        asking?.start()
        const next = await iterator.next()
        asking?.stop()
        if (next.done) {
          isFinished = true
          return
        }
        taking?.start()
        yield next.value
        taking?.stop()
      }
    } finally {
      asking?.stop()
      taking?.stop()
      if (!isFinished) await iterator.return?.()
    }
  }
}

class Stopwatch {
  readonly #clock: Clock
  #passedMs = 0
  #since: number | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isRunning(): boolean {
    return this.#since !== null
  }

  get ms(): number {
    return this.#passedMs + (this.#since === null ? 0 : this.#clock.monotonicMs() - this.#since)
  }

  start(): void {
    this.#since ??= this.#clock.monotonicMs()
  }

  stop(): void {
    this.#passedMs = this.ms
    this.#since = null
  }
}
