/** The two things a scheduler does by the clock beside its schedules: it looks at plans, and it beats. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '@backstream/config'
import { type Clock, describeError, type Logger } from '@backstream/kernel'
import type { QueueConnection } from '@backstream/queue'
import { createHeartbeat } from './heartbeat.ts'
import type { Ills, PlanWatch } from './watch-plans.ts'

export interface WatchLoopDeps {
  readonly watch: PlanWatch
  /** The configuration of this moment. */
  config(): Config
  sendHeartbeat(config: Config): Promise<void>
  readonly connection: QueueConnection
  readonly clock: Clock
  readonly logger: Logger
  /** Between two looks; default: by the shortest limit of a plan. */
  readonly everyMs?: number
}

const longestMs = 300_000
const shortestMs = 5_000
const closeWithinMs = 3_000

/** A plan is found to be overdue within a tenth of its limit, and within five minutes. */
export function lookEveryMs({ plans }: Pick<Config, 'plans'>): number {
  const limits = plans.flatMap(({ overdueAfterMs }) => overdueAfterMs ?? [])
  return Math.max(shortestMs, Math.min(longestMs, ...limits.map((limit) => limit / 10)))
}

export function startWatchLoop(deps: WatchLoopDeps): AsyncDisposable {
  const { clock, logger } = deps
  const stopping = new AbortController()
  const { signal } = stopping
  const pauseMs = () => deps.everyMs ?? lookEveryMs(deps.config())
  let latest: { readonly ills: Ills; readonly atMs: number } | null = null
  const hasLooked = Promise.withResolvers<void>()

  async function look(): Promise<void> {
    for (;;) {
      try {
        latest = { ills: await deps.watch(deps.config(), signal), atMs: clock.monotonicMs() }
      } catch (error) {
        if (signal.aborted) return
        latest = null
        logger.warn({ err: error }, `plans not looked at: ${describeError(error)}`)
      }
      hasLooked.resolve()
      await sleep(pauseMs(), undefined, { signal })
    }
  }

  async function beat(): Promise<void> {
    await hasLooked.promise
    const heartbeat = createHeartbeat({
      ...{ connection: deps.connection, send: deps.sendHeartbeat, logger },
      ills() {
        // A look that hangs must not let the one before stand for ever.
        const ageMs = clock.monotonicMs() - (latest?.atMs ?? 0)
        return latest && ageMs <= longestMs + pauseMs() ? latest.ills : null
      },
    })
    for (;;) {
      const config = deps.config()
      if (config.heartbeat) await heartbeat(config)
      await sleep(config.heartbeat?.everyMs ?? longestMs, undefined, { signal })
    }
  }

  const work = Promise.allSettled([look(), beat()])
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await Promise.race([work, sleep(closeWithinMs, undefined, { ref: false })])
    },
  }
}
