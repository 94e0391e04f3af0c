import { type Link, linkOf, type QueueConnection } from './open-connection.ts'
import { translateError } from './translate-error.ts'

/** A trouble of a plan that somebody was told of. */
export interface ToldTrouble {
  readonly event: string
  /** The notification's id. */
  readonly id: string
  readonly atMs: number
}

/**
 * What was told already and is not over, one trouble an event of a plan. A Redis that was wiped has
 * forgotten it: then what still is wrong is told once more.
 */
export interface AlarmMemory {
  /** By plan, oldest first. */
  recall(): Promise<ReadonlyMap<string, readonly ToldTrouble[]>>
  /** Takes the place of an earlier trouble of the same plan and event. */
  note(plan: string, trouble: ToldTrouble): Promise<void>
  forget(plan: string, events: readonly string[]): Promise<void>
  /** Since when each of these plans is there; `nowMs` for new ones. Others are forgotten. */
  seenSince(plans: readonly string[], nowMs: number): Promise<ReadonlyMap<string, number>>
}

/** Since when plans are there, of those that a scheduler has seen; changes nothing. */
export async function readPlansSeen(
  connection: QueueConnection,
): Promise<ReadonlyMap<string, number>> {
  const link = linkOf(connection)
  const seen = await reach(link, link.redis.hgetall(seenKey(link)))
  return new Map(Object.entries(seen).map(([plan, atMs]) => [plan, Number(atMs)]))
}

export function openAlarmMemory(connection: QueueConnection): AlarmMemory {
  const link = linkOf(connection)
  const alarms = link.key('alarms')
  return {
    recall: () => reach(link, recall(link, alarms)),
    async note(plan, { event, id, atMs }) {
      await reach(link, link.redis.hset(alarms, `${plan} ${event}`, `${atMs} ${id}`))
    },
    async forget(plan, events) {
      const fields = events.map((event) => `${plan} ${event}`)
      if (fields.length > 0) await reach(link, link.redis.hdel(alarms, ...fields))
    },
    seenSince: (plans, nowMs) => reach(link, seenSince(link, plans, nowMs)),
  }
}

async function recall(link: Link, key: string): Promise<Map<string, ToldTrouble[]>> {
  const troubles = new Map<string, ToldTrouble[]>()
  for (const [field, value] of Object.entries(await link.redis.hgetall(key))) {
    const [plan = '', event = ''] = field.split(' ')
    const [atMs = '', ...id] = value.split(' ')
    const own = troubles.get(plan) ?? []
    troubles.set(plan, [...own, { event, id: id.join(' '), atMs: Number(atMs) }])
  }
  for (const own of troubles.values()) own.sort((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1))
  return troubles
}

async function seenSince(
  link: Link,
  plans: readonly string[],
  nowMs: number,
): Promise<Map<string, number>> {
  const key = seenKey(link)
  const before = await link.redis.hgetall(key)
  const gone = Object.keys(before).filter((plan) => !plans.includes(plan))
  if (gone.length > 0) await link.redis.hdel(key, ...gone)
  for (const plan of plans) {
    if (before[plan] === undefined) await link.redis.hsetnx(key, plan, String(nowMs))
  }
  return new Map(plans.map((plan) => [plan, Number(before[plan] ?? nowMs)]))
}

function seenKey(link: Link): string {
  return link.key('plans-seen')
}

async function reach<T>(link: Link, answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw translateError(error, link.address)
  }
}
