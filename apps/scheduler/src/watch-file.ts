import { stat } from 'node:fs/promises'

/**
 * Calls `onChange` when the file has become another one and has stayed the same for one look: an editor
 * may be writing it. Looking beats being told: it works through symlinks that are swapped, as in
 * Kubernetes, and on network file systems.
 */
export function watchFile(
  path: string,
  options: { readonly everyMs: number; onChange(): Promise<void> },
): Disposable {
  let known: string | undefined
  let lastSeen: string | undefined
  let isLooking = false

  async function look(): Promise<void> {
    if (isLooking) return
    isLooking = true
    try {
      const seen = await lookAt(path)
      known ??= seen
      const isSettled = seen === lastSeen
      lastSeen = seen
      if (seen === known || !isSettled) return
      known = seen
      await options.onChange()
    } finally {
      isLooking = false
    }
  }

  void look()
  const timer = setInterval(() => void look(), options.everyMs)
  return {
    [Symbol.dispose]() {
      clearInterval(timer)
    },
  }
}

async function lookAt(path: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(path)
    return `${mtimeMs} ${size} ${ino}`
  } catch (error) {
    // Gone for now, or unreadable: reading it will say so.
    return `unreadable: ${(error as NodeJS.ErrnoException).code}`
  }
}
