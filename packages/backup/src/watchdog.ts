import { BackupError } from './errors.ts'

/** Passes `input` through; rejects with `idle`, naming the stage, when nothing comes for `idleMs`. */
export async function* withIdleTimeout<T>(
  input: AsyncIterable<T>,
  options: { readonly stage: string; readonly idleMs: number; readonly remedy: string },
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

async function withDeadline<T>(
  next: Promise<T>,
  options: { readonly stage: string; readonly idleMs: number; readonly remedy: string },
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const seconds = Math.round(options.idleMs / 1000)
      reject(
        new BackupError('idle', `Nothing came from the ${options.stage} for ${seconds} s`, {
          remedy: options.remedy,
        }),
      )
    }, options.idleMs)
  })
  try {
    return await Promise.race([next, deadline])
  } finally {
    clearTimeout(timer)
  }
}
