/**
 * One at a time: a key with a time to live that names its holder, and a number that rises.
 *
 * - The lease is renewed by a timer of this thread. A process that hangs does not renew, and loses it.
 * - While Redis cannot be reached nobody can take the lease either; nothing is given up on a guess.
 *   Whether it is still ours is answered by Redis when it is back, and by `mayCommit` in any case.
 * - A run that has the lease and asks again is a later attempt of it: another worker has got the run
 *   because the first one died or hung. It takes the lease over, and the first one has lost it.
 * - A lease that ran out during an outage is taken again when nobody has taken it, and nobody has
 *   drawn a higher fence than ours: rather that than throw away a run of twenty hours.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeError, type Logger } from '@backstream/kernel'
import { type Link, linkOf, type QueueConnection } from './open-connection.ts'
import { QueueError } from './queue-error.ts'
import { translateError } from './translate-error.ts'

export interface LeaseRequest {
  readonly plan: string
  /** Who wants it, for others to read: the run's id. */
  readonly owner: string
  readonly ttlMs: number
  readonly logger: Logger
}

export interface Lease extends AsyncDisposable {
  readonly plan: string
  readonly token: string
  /** Aborted when the lease is certainly lost; the reason is a `QueueError` `lease-lost`. */
  readonly signal: AbortSignal
  /** Rejects when Redis does not answer: then nobody knows. */
  isMine(): Promise<boolean>
  /** Gives it up if it is still ours. Never rejects: what cannot be given up runs out. */
  release(): Promise<void>
}

export interface LeaseHolder {
  readonly owner: string
  readonly sinceMs: number
  readonly expiresInMs: number
}

/** The lease of the plan, or the other owner that has it. */
export async function acquireLease(
  connection: QueueConnection,
  request: LeaseRequest,
): Promise<Lease | { readonly heldBy: string }> {
  const link = linkOf(connection)
  const token = randomUUID()
  const value = `${token} ${link.clock.now()} ${request.owner}`
  const key = leaseKey(link, request.plan)
  try {
    const args = [value, request.ttlMs, request.owner]
    const heldBy = await link.redis.eval(acquireScript, 1, key, ...args)
    return heldBy === null ? hold(link, request, { token, value }) : { heldBy: String(heldBy) }
  } catch (error) {
    throw translateError(error, link.address)
  }
}

export async function leaseHolder(
  connection: QueueConnection,
  plan: string,
): Promise<LeaseHolder | undefined> {
  const link = linkOf(connection)
  const key = leaseKey(link, plan)
  const [value, ttl] = await Promise.all([link.redis.get(key), link.redis.pttl(key)])
  const match = /^\S+ (\d+) (.*)$/s.exec(value ?? '')
  if (!match) return undefined
  return { owner: match[2] ?? '', sinceMs: Number(match[1]), expiresInMs: Math.max(0, ttl) }
}

/**
 * The next fence of the plan: above `floor`, and above every one that was drawn before. Never forgotten
 * by Redis of its own accord; `floor` makes up for a Redis that was wiped.
 */
export async function drawFence(
  connection: QueueConnection,
  plan: string,
  floor: number,
): Promise<number> {
  const link = linkOf(connection)
  try {
    const drawn = await link.redis.eval(drawFenceScript, 1, fenceKey(link, plan), floor)
    return Number(drawn)
  } catch (error) {
    throw translateError(error, link.address)
  }
}

/**
 * Whether, at one moment, the lease is ours and no higher fence was drawn. A missing key is a no.
 * Rejects when Redis does not answer: ask again.
 */
export async function mayCommit(
  connection: QueueConnection,
  lease: Pick<Lease, 'plan' | 'token'>,
  fence: number,
): Promise<boolean> {
  const link = linkOf(connection)
  const keys = [leaseKey(link, lease.plan), fenceKey(link, lease.plan)]
  try {
    return (await link.redis.eval(mayCommitScript, 2, ...keys, lease.token, fence)) === 1
  } catch (error) {
    throw translateError(error, link.address)
  }
}

function hold(
  link: Link,
  request: LeaseRequest,
  mine: { readonly token: string; readonly value: string },
): Lease {
  const { plan, ttlMs, logger } = request
  const keys = [leaseKey(link, plan), fenceKey(link, plan)]
  const lost = new AbortController()
  let fence: string | null = null
  let isReleased = false
  const timer = setInterval(() => void renew(), Math.max(50, Math.floor(ttlMs / 3)))

  async function renew(): Promise<void> {
    try {
      const answer = await link.redis.eval(renewScript, 2, ...keys, mine.value, ttlMs, fence ?? '')
      const [outcome, drawn] = answer as [string, string]
      if (isReleased) return
      if (outcome === 'lost') return lose()
      if (outcome === 'taken-again') {
        logger.warn({ plan }, `took the lease of ${plan} again after it had run out`)
      }
      fence = drawn
    } catch (error) {
      logger.debug({ plan, err: error }, `lease not renewed: ${describeError(error)}`)
    }
  }

  function lose(): void {
    clearInterval(timer)
    logger.error({ plan }, `lost the lease of ${plan}`)
    lost.abort(
      new QueueError('lease-lost', `Another run has taken over the plan ${plan}`, {
        remedy:
          'Nothing to do if its run goes well; see whether this process was stopped for long.',
      }),
    )
  }

  async function release(): Promise<void> {
    if (isReleased) return
    isReleased = true
    clearInterval(timer)
    const given = link.redis.eval(releaseScript, 1, keys[0] ?? '', mine.token)
    const quiet = given.catch((error: unknown) => {
      logger.warn({ plan, err: error }, `lease of ${plan} not released: ${describeError(error)}`)
    })
    await Promise.race([quiet, sleep(5000, undefined, { ref: false })])
  }

  return {
    plan,
    token: mine.token,
    signal: lost.signal,
    async isMine() {
      try {
        return (await link.redis.get(keys[0] ?? '')) === mine.value
      } catch (error) {
        throw translateError(error, link.address)
      }
    },
    release,
    [Symbol.asyncDispose]: release,
  }
}

function leaseKey(link: Link, plan: string): string {
  return link.key('lease', plan)
}

function fenceKey(link: Link, plan: string): string {
  return link.key('fence', plan)
}

/**
 * ARGV: value, ttl, owner. Answers with the other owner, or nil when the lease is taken. Sent twice
 * across a reconnect it finds its own first copy, which is of the same owner.
 */
const acquireScript = `
local holder = redis.call('GET', KEYS[1])
local owner = holder and string.match(holder, '^%S+ %d+ (.*)$')
if owner and owner ~= ARGV[3] then return owner end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return nil`

const drawFenceScript = `
local drawn = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(ARGV[1])) + 1
redis.call('SET', KEYS[1], string.format('%.0f', drawn))
return drawn`

const mayCommitScript = `
local holder = redis.call('GET', KEYS[1])
local drawn = redis.call('GET', KEYS[2])
if holder and drawn and string.sub(holder, 1, #ARGV[1] + 1) == ARGV[1] .. ' '
  and tonumber(drawn) <= tonumber(ARGV[2]) then return 1 end
return 0`

/** ARGV: value, ttl, the fence as it was when the lease was last ours ('' when it was never seen). */
const renewScript = `
local holder = redis.call('GET', KEYS[1])
local drawn = redis.call('GET', KEYS[2]) or ''
if holder == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return {'renewed', drawn}
end
if not holder and drawn ~= '' and drawn == ARGV[3] then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return {'taken-again', drawn}
end
return {'lost', drawn}`

const releaseScript = `
local holder = redis.call('GET', KEYS[1])
if holder and string.sub(holder, 1, #ARGV[1] + 1) == ARGV[1] .. ' ' then
  return redis.call('DEL', KEYS[1])
end
return 0`
