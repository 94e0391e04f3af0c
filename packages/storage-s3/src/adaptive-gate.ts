/**
 * Lets as many requests through at a time as the store takes without asking for fewer.
 *
 * An answer of "slow down" halves the number, once for all requests that were under way at that
 * moment; each one that is served well raises it a little, by one for every round of as many. All
 * uploads of a storage pass through one gate: they meet one limit of the store.
 */
export interface AdaptiveGate {
  /** How many may be under way now. */
  readonly limit: number
  /** Waits for its turn, or rejects with the signal's reason. */
  pass<T>(send: () => Promise<T>, signal: AbortSignal): Promise<T>
}

export interface AdaptiveGateOptions {
  readonly isThrottled: (error: unknown) => boolean
  readonly max: number
  readonly onChange?: (limit: number) => void
}

export function createAdaptiveGate(options: AdaptiveGateOptions): AdaptiveGate {
  const { isThrottled, max, onChange } = options
  const waiting: (() => void)[] = []
  let limit = max
  let underWay = 0
  /** Raised with each halving: who began before the last one says nothing new. */
  let epoch = 0

  const admit = () => {
    while (underWay < Math.floor(limit) && waiting.length > 0) {
      underWay++
      waiting.shift()?.()
    }
  }
  const turn = (signal: AbortSignal): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const go = () => {
      signal.removeEventListener('abort', giveUp)
      resolve()
    }
    const giveUp = () => {
      waiting.splice(waiting.indexOf(go), 1)
      reject(signal.reason)
    }
    signal.throwIfAborted()
    signal.addEventListener('abort', giveUp, { once: true })
    waiting.push(go)
    admit()
    return promise
  }
  const slowDown = (begunIn: number) => {
    if (begunIn < epoch) return
    epoch++
    limit = Math.max(1, Math.floor(Math.min(limit, underWay) / 2))
    onChange?.(limit)
  }

  return {
    get limit() {
      return Math.floor(limit)
    },
    async pass(send, signal) {
      await turn(signal)
      const begunIn = epoch
      try {
        const answer = await send()
        limit = Math.min(max, limit + 1 / limit)
        return answer
      } catch (error) {
        if (isThrottled(error)) slowDown(begunIn)
        throw error
      } finally {
        underWay--
        admit()
      }
    },
  }
}
