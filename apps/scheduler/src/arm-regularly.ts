import type { Config } from '@backstream/config'
import { type Clock, describeError, type Logger } from '@backstream/kernel'

export type Arm = (config: Pick<Config, 'plans'>) => Promise<void>

/** A Redis that was wiped has what was armed again this soon. */
const armEveryMs = 60_000

/**
 * An `arm` that may be asked for at every look and does its work once a minute: what it arms stands in
 * the queue under an id of its own, so that nothing is there twice. After a failure, which is logged,
 * the next look tries again. Never rejects.
 */
export function armRegularly(
  deps: { readonly clock: Clock; readonly logger: Logger; readonly what: string },
  arm: Arm,
): Arm {
  const { clock, logger, what } = deps
  let armedAtMs = Number.NEGATIVE_INFINITY
  return async (config) => {
    const nowMs = clock.monotonicMs()
    if (nowMs - armedAtMs < armEveryMs) return
    try {
      await arm(config)
      armedAtMs = nowMs
    } catch (error) {
      // What is in the queue by now goes on.
      logger.warn({ err: error }, `${what} not armed: ${describeError(error)}`)
    }
  }
}
