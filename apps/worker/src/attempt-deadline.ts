import { describeDuration, type Plan } from '@backstream/config'
import { QueueError } from '@backstream/queue'

/** Aborts with `timed-out` when the plan's `timeout` has passed; never where it has none. */
export function startDeadline(plan: Pick<Plan, 'name' | 'timeoutMs'>): Disposable & {
  readonly signal: AbortSignal
} {
  const controller = new AbortController()
  const { name, timeoutMs } = plan
  const timer =
    timeoutMs === null
      ? undefined
      : setTimeout(() => {
          controller.abort(
            new QueueError(
              'timed-out',
              `The attempt took longer than the timeout of ${name}, ${describeDuration(timeoutMs)}`,
              { remedy: 'See what it waits for, or raise `timeout` of the plan.' },
            ),
          )
        }, timeoutMs)
  return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) }
}
