/**
 * How many runs at a time may use what they share: a database host, an uplink, a storage. One set of
 * places for all workers, in Redis, in which a holder that shows no sign of life loses its place.
 *
 * Whoever finds no room leaves and asks again. Those who have waited longest come first, but nobody is
 * kept waiting for one who could not begin either, because something else it needs is taken.
 */
import { randomUUID } from 'node:crypto'
import { describeError, type Logger } from '@backstream/kernel'
import { endsWithin } from './ends-within.ts'
import { acquireLimitsScript, releaseLimitsScript, renewLimitsScript } from './limits-scripts.ts'
import { type Link, linkOf, type QueueConnection } from './open-connection.ts'
import { translateError } from './translate-error.ts'

export interface LimitsRequest {
  /** `limitsOwner`: a run that asks again after its worker died gets its own places back. */
  readonly owner: string
  /** What it needs one place of, and how many places there are of each. */
  readonly sizes: Readonly<Record<string, number>>
  readonly ttlMs: number
  readonly logger: Logger
}

export interface HeldLimits extends AsyncDisposable {
  /** Never rejects: what cannot be given up runs out. */
  release(): Promise<void>
}

export interface NoRoom {
  /** Names of what is full, or promised to those who have waited longer. */
  readonly waitsFor: readonly string[]
  /** Whether it has just begun to wait. */
  readonly isNew: boolean
}

/** One who waits and has not asked again for so long has given up. */
const waiterKeptMs = 30_000
const lettingGoMs = 5_000

/** Who a run is to the limits: ids of jobs are a queue's own, and limits are everybody's. */
export function limitsOwner(run: { readonly plan: string; readonly runId: string }): string {
  return `${run.plan} ${run.runId}`
}

/** A place of each, or of none. */
export async function acquireLimits(
  connection: QueueConnection,
  request: LimitsRequest,
): Promise<HeldLimits | NoRoom> {
  const names = Object.keys(request.sizes)
  if (names.length === 0) {
    return { release: async () => {}, [Symbol.asyncDispose]: async () => {} }
  }
  const link = linkOf(connection)
  const token = randomUUID()
  const { owner, ttlMs } = request
  const args = [owner, token, ttlMs, waiterKeptMs, JSON.stringify(request.sizes)]
  try {
    const answer = await link.redis.eval(acquireLimitsScript, 2, ...keysOf(link), ...args)
    const [outcome, isNew, ...waitsFor] = answer as [string, string, ...string[]]
    return outcome === 'held'
      ? hold(link, request, token)
      : { waitsFor: waitsFor.sort(), isNew: isNew === 'new' }
  } catch (error) {
    throw translateError(error, link.address)
  }
}

/** Takes its places from a run that has ended elsewhere than in its worker, and its place in line. */
export async function releaseLimitsOf(link: Link, owner: string): Promise<void> {
  await Promise.all(keysOf(link).map((key) => link.redis.hdel(key, owner)))
}

function hold(
  link: Link,
  { owner, sizes, ttlMs, logger }: LimitsRequest,
  token: string,
): HeldLimits {
  const [held] = keysOf(link)
  const names = JSON.stringify(Object.keys(sizes))
  const timer = setInterval(
    () => {
      // Put back where it was lost in an outage, even where there is no room: the run is under way.
      link.redis
        .eval(renewLimitsScript, 1, held, owner, token, ttlMs, names)
        .catch((error: unknown) => {
          logger.debug({ owner, err: error }, `limits not renewed: ${describeError(error)}`)
        })
    },
    Math.max(50, Math.floor(ttlMs / 3)),
  )
  // A place is held by a run that is under way, which keeps its process; nothing else should.
  timer.unref()
  let isReleased = false

  async function release(): Promise<void> {
    if (isReleased) return
    isReleased = true
    clearInterval(timer)
    const given = link.redis.eval(releaseLimitsScript, 1, held, owner, token)
    const quiet = given.catch((error: unknown) => {
      logger.warn({ owner, err: error }, `limits not given back: ${describeError(error)}`)
    })
    await endsWithin(quiet, lettingGoMs)
  }

  return { release, [Symbol.asyncDispose]: release }
}

function keysOf(link: Link): [string, string] {
  return [link.key('limits', 'held'), link.key('limits', 'waiting')]
}
