import { describeError } from '@backstream/kernel'
import type { RequestHandler } from 'express'
import { createRunCounter } from './count-runs.ts'
import type { PagesDeps } from './pages.ts'
import { setGauges } from './set-gauges.ts'
import { withDeadline } from './with-deadline.ts'

const redisTimeoutMs = 3_000

/** Prometheus text: ours from what the board knows, BullMQ's behind it. */
export function createMetricsPage(deps: PagesDeps): RequestHandler {
  const { metrics, producer, clock, logger, state } = deps
  const plans = deps.config.plans.map(({ name }) => name)
  const runs = createRunCounter({ metrics, producer, plans, sinceMs: clock.now() })
  return async (_request, response) => {
    // The rest is worth serving while Redis is away.
    const counted = withDeadline(runs.count(), redisTimeoutMs, 'Redis').catch((error: unknown) =>
      logger.warn({ err: error }, `runs not counted: ${describeError(error)}`),
    )
    await Promise.all([state.fresh(), counted])
    setGauges(metrics, state.overview())
    response.set('Content-Type', metrics.contentType)
    response.send(`${await metrics.text()}${state.queue()?.bullmq ?? ''}`)
  }
}
