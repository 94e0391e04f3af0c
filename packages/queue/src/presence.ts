import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { describeError } from '@backstream/kernel'
import { endsWithin } from './ends-within.ts'
import { type Link, linkOf, type QueueConnection } from './open-connection.ts'
import { noteLife } from './sweep-witness.ts'

/**
 * Who is alive. Each scheduler and worker keeps one key with a time to live, which says what it is
 * and what it knows; a process that dies is missed as soon as its key runs out.
 */
export type PresenceRole = 'scheduler' | 'worker'

export interface Presence {
  readonly id: string
  readonly role: PresenceRole
  readonly name: string | null
  readonly host: string
  readonly pid: number
  readonly startedAtMs: number
  /** Queues; of a worker. */
  readonly serves: readonly string[]
  /** Of its configuration; null when not said. */
  readonly fingerprint: string | null
  /** The plans its configuration has; null when not said. */
  readonly plans: readonly string[] | null
  /** The configuration's file. */
  readonly file: string | null
}

export interface PresenceFacts extends Pick<Presence, 'role'> {
  readonly name?: string | null
  readonly host?: string
  readonly serves?: readonly string[]
  readonly fingerprint?: string | null
  readonly plans?: readonly string[] | null
  readonly file?: string | null
}

export interface Announced extends AsyncDisposable {
  readonly id: string
  /** Says new facts now, for instance of a configuration that was read again. */
  update(facts: PresenceFacts): Promise<void>
}

const lifeMs = 15_000
const renewEveryMs = 5_000
const withdrawWithinMs = 1_000

export function announce(connection: QueueConnection, first: PresenceFacts): Announced {
  const link = linkOf(connection)
  const id = randomUUID()
  const startedAtMs = link.clock.now()
  let facts = first
  let isClosed = false

  async function say(): Promise<void> {
    const presence: Presence = {
      id,
      startedAtMs,
      role: facts.role,
      name: facts.name ?? null,
      host: facts.host ?? hostname(),
      pid: process.pid,
      serves: facts.serves ?? [],
      fingerprint: facts.fingerprint ?? null,
      plans: facts.plans ?? null,
      file: facts.file ?? null,
    }
    if (isClosed) return
    await noteLife(link)
    await link.redis
      .multi()
      .set(presenceKey(link, facts.role, id), JSON.stringify(presence), 'PX', lifeMs)
      .sadd(indexKey(link, facts.role), id)
      .exec()
  }
  const sayQuietly = () =>
    say().catch((error: unknown) => {
      link.logger.debug({ err: error }, `presence not renewed: ${describeError(error)}`)
    })

  void sayQuietly()
  const timer = setInterval(() => void sayQuietly(), renewEveryMs)
  timer.unref()
  return {
    id,
    async update(next) {
      facts = next
      await say()
    },
    async [Symbol.asyncDispose]() {
      isClosed = true
      clearInterval(timer)
      const forget = link.redis
        .multi()
        .del(presenceKey(link, facts.role, id))
        .srem(indexKey(link, facts.role), id)
        .exec()
      const forgotten = forget.catch((error: unknown) => {
        // It runs out by itself.
        link.logger.debug({ err: error }, `presence not withdrawn: ${describeError(error)}`)
      })
      await endsWithin(forgotten, withdrawWithinMs)
    },
  }
}

export async function livePresences(
  connection: QueueConnection,
  role: PresenceRole,
): Promise<Presence[]> {
  const link = linkOf(connection)
  const index = indexKey(link, role)
  const ids = await link.redis.smembers(index)
  if (ids.length === 0) return []
  const texts = await link.redis.mget(ids.map((id) => presenceKey(link, role, id)))
  const gone = ids.filter((_, at) => texts[at] === null)
  if (gone.length > 0) await link.redis.srem(index, ...gone)
  return texts.filter((text) => text !== null).map((text) => JSON.parse(text) as Presence)
}

function indexKey(link: Link, role: PresenceRole): string {
  return link.key('live', role)
}

function presenceKey(link: Link, role: PresenceRole, id: string): string {
  return link.key('live', role, id)
}
