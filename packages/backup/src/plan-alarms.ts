/**
 * What is wrong with a plan by its backups, what of that is news, and when it is over. Pure.
 *
 * A plan that no queue, no scheduler and no worker has heard of is as overdue as any other. Of the queue
 * comes only what leaves nothing in the bucket: a verification or drill that could not be done.
 */
import { type Freshness, isOverdue } from './freshness.ts'
import type { HeldPrune } from './held-prune.ts'
import { proofAlarms, type UndoneProof } from './proof-alarms.ts'
import type { BackupStanding } from './standing.ts'

export interface Alarm {
  readonly event: 'overdue' | 'suspect' | 'verify-failed' | 'drill-failed' | 'prune-held'
  /** The same for as long as it is the same trouble. */
  readonly id: string
  readonly text: string
  /** The backup it is about. */
  readonly backup: string | null
}

/** A trouble somebody was told of; `failed` ones come from runs. */
export interface Told {
  readonly event: string
  readonly id: string
  readonly atMs: number
}

export interface WatchedPlan {
  readonly plan: string
  readonly overdueAfterMs: number | null
  /** Newest first, all of them. */
  readonly standings: readonly BackupStanding[]
  /** Since when there should have been a backup, where there is none. */
  readonly expectedSinceMs: number
  /** Of `heldPrune`. */
  readonly heldPrune?: HeldPrune | null
  /** Verifications and drills that the plan asks for, and that used up their attempts. */
  readonly undone?: readonly UndoneProof[]
}

export interface AlarmDecision {
  /** All that is wrong now. */
  readonly alarms: readonly Alarm[]
  /** Of these, those that nobody was told of. */
  readonly news: readonly Alarm[]
  /** Events that were told of and are over. */
  readonly over: readonly string[]
  /** When everything is over that was told of: the id and the text to say so. */
  readonly recovered: { readonly id: string; readonly text: string } | null
}

export function decideAlarms(
  watched: WatchedPlan,
  told: readonly Told[],
  nowMs: number,
): AlarmDecision {
  const alarms = alarmsOf(watched, nowMs)
  const isNews = ({ event, id }: Alarm) =>
    !told.some((known) => known.event === event && known.id === id)
  const over = told.filter((one) => isOver(one, watched, alarms)).map(({ event }) => event)
  const isAllOver = told.length > 0 && over.length === told.length && alarms.length === 0
  return {
    alarms,
    news: alarms.filter(isNews),
    over,
    recovered: isAllOver ? recoveryOf(watched.plan, told) : null,
  }
}

/** Whether a good backup of now ends all that was told of, and what to say then. */
export function recoveryByBackup(
  plan: string,
  told: readonly Told[],
): { readonly id: string; readonly text: string } | null {
  const isEnded = told.every(({ event }) => ['failed', 'overdue', 'suspect'].includes(event))
  return told.length > 0 && isEnded ? recoveryOf(plan, told) : null
}

function alarmsOf(watched: WatchedPlan, nowMs: number): Alarm[] {
  const { plan, standings } = watched
  const alarms: Alarm[] = []
  if (isOverdue(freshnessOf(watched), nowMs)) {
    const newest = standings.find(({ isGood }) => isGood)?.manifest.backup ?? null
    alarms.push({
      event: 'overdue',
      id: `overdue/${plan}/${newest ?? 'never'}`,
      text:
        newest === null
          ? `${plan} has no good backup, and has been waited for longer than its limit`
          : `the newest good backup of ${plan}, ${newest}, is older than its limit`,
      backup: newest,
    })
  }
  const [latest] = standings
  if (latest && isSuspect(latest)) {
    const { backup } = latest.manifest
    alarms.push({
      event: 'suspect',
      id: suspectId(plan, backup),
      text: suspicionOf(latest.manifest),
      backup,
    })
  }
  return [...alarms, ...proofAlarms(watched), ...heldAlarm(watched)]
}

function heldAlarm({ plan, heldPrune }: WatchedPlan): Alarm[] {
  if (!heldPrune) return []
  const { going, limit, oldest } = heldPrune
  return [
    {
      event: 'prune-held',
      // Until somebody has agreed the oldest one is still there.
      id: `prune-held/${plan}/${oldest}`,
      text: `${going} backups of ${plan} would be pruned, more than ${limit}: it waits for \`backstream prune ${plan} --confirm\``,
      backup: null,
    },
  ]
}

/** As a run that made it reports it, too. */
export function suspectId(plan: string, backup: string): string {
  return `suspect/${plan}/${backup}`
}

function isSuspect({ manifest, isAccepted }: BackupStanding): boolean {
  return manifest.status === 'suspect' && !isAccepted
}

/** What is suspect about a backup, in a sentence. */
export function suspicionOf({
  plan,
  backup,
  suspect,
}: Pick<BackupStanding['manifest'], 'plan' | 'backup' | 'suspect'>): string {
  const why = suspect.map(
    ({ rule, expected, found }) => `${rule}: expected ${expected}, found ${found}`,
  )
  return [`${plan}/${backup} is suspect`, ...why].join('; ')
}

function isOver(
  { event, atMs }: Told,
  { standings }: WatchedPlan,
  alarms: readonly Alarm[],
): boolean {
  if (event === 'failed') return (newestGoodMs(standings) ?? Number.NEGATIVE_INFINITY) >= atMs
  return !alarms.some((alarm) => alarm.event === event)
}

/** Named after the oldest trouble, so that whoever notices first and whoever notices next agree. */
function recoveryOf(plan: string, told: readonly Told[]): { id: string; text: string } {
  const [first] = told.toSorted((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1))
  const events = [...new Set(told.map(({ event }) => event))].sort().join(', ')
  return {
    id: `recovered/${plan}/${first?.id ?? ''}/${first?.atMs ?? ''}`,
    text: `${plan} is well again (${events})`,
  }
}

function newestGoodMs(standings: readonly BackupStanding[]): number | null {
  const newest = standings.find(({ isGood }) => isGood)
  return newest ? Date.parse(newest.manifest.run.finishedAt) : null
}

function freshnessOf({ standings, overdueAfterMs, expectedSinceMs }: WatchedPlan): Freshness {
  const oldest = standings.at(-1)?.manifest.run.startedAt
  const oldestStartMs = oldest === undefined ? null : Date.parse(oldest)
  return { overdueAfterMs, newestGoodMs: newestGoodMs(standings), oldestStartMs, expectedSinceMs }
}
