import { describeError, type Logger } from '@backstream/kernel'
import { renewScript } from './lease-scripts.ts'
import type { Link } from './open-connection.ts'
import { QueueError } from './queue-error.ts'

export interface LeaseRequest {
  readonly plan: string
  /** Who wants it, for others to read: the run's id. */
  readonly owner: string
  readonly ttlMs: number
  readonly logger: Logger
  /** How long an outage of Redis may last before the lease counts as lost. Default 10 min. */
  readonly patienceMs?: number
}

/** The sign of life behind a lease. */
export interface Renewal {
  /** Aborted when the lease is lost, or Redis was away for too long: `QueueError` `lease-lost`. */
  readonly signal: AbortSignal
  /** Renews now, or takes again what ran out; where neither can be, aborts. Rejects as Redis does. */
  renew(): Promise<void>
  /** Our own, so that it is not taken for somebody else's. */
  noteFence(fence: string): void
  stop(): void
}

const defaultPatienceMs = 600_000

export function renewLease(
  link: Link,
  request: LeaseRequest,
  taken: { readonly value: string; readonly fence: string },
): Renewal {
  const { plan, ttlMs, logger, patienceMs = defaultPatienceMs } = request
  const keys = keysOf(link, plan)
  const lost = new AbortController()
  let heardAtMs = link.clock.monotonicMs()
  let { fence } = taken
  let isStopped = false
  const timer = setInterval(beat, Math.floor(Math.max(50, Math.min(ttlMs, patienceMs) / 3)))

  function beat(): void {
    // Beside the renewal, not behind it: that may be waiting for a reconnect.
    giveUpWhenUnheard()
    renew().catch((error: unknown) => {
      logger.debug({ plan, err: error }, `lease not renewed: ${describeError(error)}`)
    })
  }

  async function renew(): Promise<void> {
    const answer = await link.redis.eval(renewScript, 2, ...keys, taken.value, ttlMs, fence)
    heardAtMs = link.clock.monotonicMs()
    const [outcome, drawn] = answer as [string, string]
    if (isStopped) return
    if (outcome === 'lost') return lose(takenOver(plan))
    if (outcome === 'taken-again') {
      logger.warn({ plan }, `took the lease of ${plan} again after it had run out`)
    }
    fence = drawn
  }

  function giveUpWhenUnheard(): void {
    const unheardMs = link.clock.monotonicMs() - heardAtMs
    if (unheardMs < patienceMs) return
    const seconds = Math.round(unheardMs / 1000)
    lose(
      new QueueError(
        'lease-lost',
        `Redis at ${link.address} has not answered for ${seconds} s: nobody knows whether another worker has taken over ${plan}`,
        { remedy: 'See that Redis runs and can be reached from here; the run is tried again.' },
      ),
    )
  }

  function lose(reason: QueueError): void {
    stop()
    if (lost.signal.aborted) return
    logger.error({ plan }, `lost the lease of ${plan}: ${reason.message}`)
    lost.abort(reason)
  }

  function stop(): void {
    isStopped = true
    clearInterval(timer)
  }

  return {
    signal: lost.signal,
    renew,
    stop,
    noteFence(drawn) {
      fence = drawn
    },
  }
}

export function takenOver(plan: string): QueueError {
  return new QueueError('lease-lost', `Another run has taken over the plan ${plan}`, {
    remedy: 'Nothing to do if its run goes well; see whether this process was stopped for long.',
  })
}

export function keysOf(link: Link, plan: string): [string, string] {
  return [link.key('lease', plan), link.key('fence', plan)]
}
