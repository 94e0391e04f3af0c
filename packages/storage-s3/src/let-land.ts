/**
 * How long a request that is already on its way may still take once it is no longer wanted.
 *
 * Beginning and completing an upload are tiny: once sent, they happen whether or not somebody waits
 * for the answer, and a cut one can happen just after the caller's clean-up has looked. So they are
 * given a moment to land, and the clean-up then sees what there is.
 */
const lingerMs = 2000

/** Sends with a signal that follows the given one a moment later, with its reason. */
export async function letLand<T>(
  signal: AbortSignal,
  send: (lateSignal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  const late = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const followLater = () => {
    timer = setTimeout(() => late.abort(signal.reason), lingerMs)
  }
  signal.addEventListener('abort', followLater, { once: true })
  try {
    return await send(late.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', followLater)
  }
}
