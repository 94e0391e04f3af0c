/**
 * What verifications and drills say against a plan: a verdict in a note, or that there is none.
 *
 * One that found something out has noted it beside the backup. One that could not be done (the store was
 * away all the while, its worker died again and again) leaves no note: the queue tells of it, and it is
 * over with the next verdict, whatever that is.
 */
import type { Alarm, WatchedPlan } from './plan-alarms.ts'
import type { BackupStanding } from './standing.ts'

/** A verification or drill that used up its attempts. */
export interface UndoneProof {
  readonly kind: 'verify' | 'verify-deep' | 'drill'
  /** When it was due, or asked for. */
  readonly sinceMs: number
  readonly why: string
}

/** At most one for verifications and one for drills: what was found, before what could not be. */
export function proofAlarms(watched: WatchedPlan): Alarm[] {
  const verification = refuted(watched) ?? undone(watched, 'verify-failed')
  const drill = failedDrill(watched) ?? undone(watched, 'drill-failed')
  return [...(verification ? [verification] : []), ...(drill ? [drill] : [])]
}

function refuted({ plan, standings }: WatchedPlan): Alarm | null {
  const [newest] = standings
    .filter(({ verified }) => verified?.isRefuted)
    .toSorted((a, b) => (b.verified?.atMs ?? 0) - (a.verified?.atMs ?? 0))
  if (!newest) return null
  const { backup } = newest.manifest
  return {
    event: 'verify-failed',
    id: `verify-failed/${plan}/${backup}/${newest.verified?.atMs}`,
    text: `a verification has refuted ${plan}/${backup}: it does not restore as it was made`,
    backup,
  }
}

/** Of the newest drill: what an older one found, a newer one has seen otherwise. */
function failedDrill({ plan, standings }: WatchedPlan): Alarm | null {
  const drills = standings.flatMap(({ manifest: { backup }, drill }) =>
    drill ? [{ backup, ...drill }] : [],
  )
  const [newest] = drills.toSorted((a, b) => b.atMs - a.atMs)
  if (!newest || newest.isPassed) return null
  const { backup, atMs, failed } = newest
  return {
    event: 'drill-failed',
    id: `drill-failed/${plan}/${backup}/${atMs}`,
    text: `a drill of ${plan} with ${backup} failed: ${failed.join(', ')}`,
    backup,
  }
}

function undone(
  { plan, standings, undone = [] }: WatchedPlan,
  event: 'verify-failed' | 'drill-failed',
): Alarm | null {
  for (const { kind, sinceMs, why } of undone) {
    if ((kind === 'drill') !== (event === 'drill-failed')) continue
    const verdictMs = newestVerdictMs(standings, kind)
    if (verdictMs !== null && verdictMs >= wholeSecond(sinceMs)) continue
    const what = kind === 'drill' ? 'a drill' : 'a verification'
    return {
      event,
      // The same for as long as there is no verdict, however many more cannot be done.
      id: `${event}/${plan}/undone-since-${verdictMs ?? 'ever'}`,
      text: `${what} of ${plan} could not be done: ${why}`,
      backup: null,
    }
  }
  return null
}

function newestVerdictMs(
  standings: readonly BackupStanding[],
  kind: UndoneProof['kind'],
): number | null {
  const verdicts = standings.flatMap(({ verified, verifiedDeep, drill }) => {
    if (kind === 'drill') return drill ?? []
    return (kind === 'verify' ? verified : verifiedDeep) ?? []
  })
  return verdicts.reduce<number | null>((newest, { atMs }) => Math.max(newest ?? atMs, atMs), null)
}

/** Notes are named by the second. */
function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000
}
