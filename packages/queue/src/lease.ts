/**
 * One run of a plan at a time: a key with a time to live that names its holder, and a number that
 * rises, the fence.
 *
 * - The lease is renewed by a timer of the main thread. A process that hangs or is stopped renews
 *   nothing, and loses it.
 * - While Redis cannot be reached nobody can take the lease either, so nothing is given up on a guess;
 *   but not for ever: behind a cut network the run goes on elsewhere, and after `patienceMs` this one
 *   ends by its own clock.
 * - A run that has the lease and asks again is a later attempt of it: another worker has got the run
 *   because the first one died or hung. It takes the lease over, and the first one has lost it.
 * - A lease that ran out during an outage is taken again when nobody has taken it, and nobody has
 *   drawn a higher fence than ours: rather that than throw away a run of twenty hours. On a Redis that
 *   was wiped no fence shows that nobody came after: there the lease is lost.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeError } from '@backstream/kernel'
import { endsWithin } from './ends-within.ts'
import { keysOf, type LeaseRequest, renewLease, takenOver } from './lease-renewal.ts'
import {
  acquireScript,
  drawFenceScript,
  leaveScript,
  mayCommitScript,
  releaseOfScript,
  releaseScript,
} from './lease-scripts.ts'
import { type Link, linkOf, type QueueConnection } from './open-connection.ts'
import { QueueError } from './queue-error.ts'
import { translateError } from './translate-error.ts'

export interface Lease extends AsyncDisposable {
  readonly plan: string
  readonly token: string
  /** Aborted when the lease is lost, or Redis was away for too long: `QueueError` `lease-lost`. */
  readonly signal: AbortSignal
  /** Rejects when Redis does not answer: then nobody knows. */
  isMine(): Promise<boolean>
  /**
   * A number above `floor` and above every fence of the plan that was drawn before. Redis never forgets
   * it by itself; `floor` makes up for a Redis that was wiped. Rejects with `lease-lost` when another
   * one has the lease: a fence drawn then would only be in its way.
   */
  drawFence(floor: number): Promise<number>
  /**
   * Resolves when, at one moment, the lease was ours and no higher fence was drawn; rejects with
   * `lease-lost` when that is not so. Waits for Redis to come back, at most until `signal` is aborted
   * or the lease is lost.
   */
  assertMayCommit(fence: number, signal: AbortSignal): Promise<void>
  /** Stops renewing; the lease stays for so long, for its owner to come back. Never rejects. */
  leaveFor(ms: number): Promise<void>
  /** Gives it up if it is still ours. Never rejects: what cannot be given up runs out. */
  release(): Promise<void>
}

export interface LeaseHolder {
  readonly owner: string
  readonly sinceMs: number
  readonly expiresInMs: number
}

const askAgainMs = 1_000
const lettingGoMs = 5_000

/** The lease of the plan, or the other owner that has it. */
export async function acquireLease(
  connection: QueueConnection,
  request: LeaseRequest,
): Promise<Lease | { readonly heldBy: string }> {
  const link = linkOf(connection)
  const value = `${randomUUID()} ${link.clock.now()} ${request.owner}`
  const args = [value, request.ttlMs, request.owner]
  const answer = link.redis.eval(acquireScript, 2, ...keysOf(link, request.plan), ...args)
  const [outcome, what] = (await reach(link, answer)) as [string, string]
  return outcome === 'held' ? { heldBy: what } : hold(link, request, { value, fence: what })
}

export async function leaseHolder(
  connection: QueueConnection,
  plan: string,
): Promise<LeaseHolder | undefined> {
  const link = linkOf(connection)
  const [key] = keysOf(link, plan)
  const [value, ttl] = await Promise.all([link.redis.get(key), link.redis.pttl(key)])
  const match = /^\S+ (\d+) (.*)$/s.exec(value ?? '')
  if (!match) return undefined
  return { owner: match[2] ?? '', sinceMs: Number(match[1]), expiresInMs: Math.max(0, ttl) }
}

/** Takes the lease from a run that has ended elsewhere than in its worker, which died or hangs. */
export async function releaseLeaseOf(
  link: Link,
  run: { readonly plan: string; readonly owner: string },
): Promise<void> {
  const [key] = keysOf(link, run.plan)
  await link.redis.eval(releaseOfScript, 1, key, run.owner)
}

function hold(
  link: Link,
  request: LeaseRequest,
  taken: { readonly value: string; readonly fence: string },
): Lease {
  const { plan } = request
  const [lease, fences] = keysOf(link, plan)
  const { value } = taken
  const renewal = renewLease(link, request, taken)
  const lost = renewal.signal
  let isReleased = false

  async function letGo(script: string, ...args: string[]): Promise<void> {
    if (isReleased) return
    isReleased = true
    renewal.stop()
    const given = link.redis.eval(script, 1, lease, value, ...args)
    const quiet = given.catch((error: unknown) => {
      const said = `lease of ${plan} not released: ${describeError(error)}`
      request.logger.warn({ plan, err: error }, said)
    })
    await endsWithin(quiet, lettingGoMs)
  }

  async function draw(floor: number): Promise<number> {
    // First, since it may have run out in an outage that has just ended.
    await renewal.renew()
    lost.throwIfAborted()
    const drawn = await link.redis.eval(drawFenceScript, 2, lease, fences, value, floor)
    if (drawn === null) throw takenOver(plan)
    renewal.noteFence(String(drawn))
    return Number(drawn)
  }

  async function isCommitAllowed(fence: number): Promise<boolean> {
    await renewal.renew()
    return (await link.redis.eval(mayCommitScript, 2, lease, fences, value, fence)) === 1
  }

  return {
    plan,
    token: value.slice(0, value.indexOf(' ')),
    signal: lost,
    isMine: async () => (await reach(link, link.redis.get(lease))) === value,
    drawFence: (floor) => reach(link, draw(floor)),
    async assertMayCommit(fence, signal) {
      const ended = AbortSignal.any([signal, lost])
      for (;;) {
        ended.throwIfAborted()
        const isAllowed = await reach(link, isCommitAllowed(fence)).catch(waitOut)
        ended.throwIfAborted()
        if (isAllowed === true) return
        if (isAllowed === false) throw takenOver(plan)
        await sleep(askAgainMs, undefined, { signal: ended }).catch(() => ended.throwIfAborted())
      }
    },
    leaveFor: (ms) => letGo(leaveScript, String(ms)),
    release: () => letGo(releaseScript),
    [Symbol.asyncDispose]: () => letGo(releaseScript),
  }
}

function waitOut(error: unknown): 'unknown' {
  if (error instanceof QueueError && error.code === 'unreachable') return 'unknown'
  throw error
}

async function reach<T>(link: Link, answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw translateError(error, link.address)
  }
}
