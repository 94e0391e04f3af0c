import { BackupError } from './errors.ts'

export interface IdleTimeout {
  readonly stage: string
  readonly idleMs: number
  readonly remedy: string
  /** Whether another stage is the one that stands still: then that one's watchdog sees to it. */
  readonly isExcused?: () => boolean
}

/** Passes `input` through; rejects with `idle`, naming the stage, when nothing comes for `idleMs`. */
export async function* withIdleTimeout<T>(
  input: AsyncIterable<T>,
  options: IdleTimeout,
): AsyncGenerator<T> {
  const source = input[Symbol.asyncIterator]()
  let isFinished = false
  try {
    for (;;) {
      const next = await withDeadline(source.next(), options)
      if (next.done) {
        isFinished = true
        return
      }
      yield next.value
    }
  } finally {
    // Not awaited: a source that hangs in next() would never answer return() either; its signal ends it.
    if (!isFinished) source.return?.()?.catch(() => {})
  }
}

async function withDeadline<T>(next: Promise<T>, options: IdleTimeout): Promise<T> {
  const { stage, idleMs, remedy, isExcused } = options
  const { promise: deadline, reject } = Promise.withResolvers<never>()
  const timer = setInterval(() => {
    if (isExcused?.()) return
    const seconds = Math.round(idleMs / 1000)
    reject(new BackupError('idle', `Nothing came from the ${stage} for ${seconds} s`, { remedy }))
  }, idleMs)
  try {
    return await Promise.race([next, deadline])
  } finally {
    clearInterval(timer)
  }
}
