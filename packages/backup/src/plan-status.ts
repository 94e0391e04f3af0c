/** What to say of a plan, from its manifests first and the queue's memory second. Pure. */
import type { BackupGlance } from './backup-glance.ts'
import { isOverdue } from './freshness.ts'
import { type HeldPrune, heldPrune, retentionBackupOf } from './held-prune.ts'
import type { DrillFact } from './record-drill.ts'
import type { RetentionClock, RetentionPolicy } from './retention.ts'
import type { VerifiedFact } from './standing.ts'

/** Worst first: the order of the overview and of `status`. */
export const planStates = [
  'unknown',
  'failed',
  'overdue',
  'suspect',
  'never',
  'running',
  'good',
  'disabled',
] as const
export type PlanState = (typeof planStates)[number]

export interface PlanStatus {
  readonly plan: string
  readonly state: PlanState
  /** The state in one sentence. */
  readonly words: string
  readonly newestGood: NewestBackup | null
  readonly overdueAfterMs: number | null
  /** Beyond that limit, whatever worse or better there is to say of it; null: nobody can tell. */
  readonly isOverdue: boolean | null
  readonly lastRun: LastRun | null
  /** Whether a schedule should begin its runs: without a next run nobody has armed it. */
  readonly isScheduled: boolean
  readonly nextRunMs: number | null
  /** Backups with a manifest, how many of them do not count as good, and what all of them take. */
  readonly backups: number
  readonly suspects: number
  readonly storedBytes: number
  /** The newest time a backup was read back; null for never. */
  readonly proved: Proof | null
  /** The newest time one was opened and read to its end, with its key where it has one. */
  readonly openedAtMs: number | null
  /** The newest drill; how long it took is the measured recovery time. */
  readonly drill: (DrillFact & { readonly backup: string }) | null
  /** What would go if somebody agreed: too much to go by itself. */
  readonly heldPrune: HeldPrune | null
}

export interface Proof {
  readonly backup: string
  /** `stored`: bytes against the manifest; `deep`: opened and read; `drill`: restored and checked. */
  readonly how: 'stored' | 'deep' | 'drill'
  readonly atMs: number
  readonly tookMs: number | null
  readonly isRefuted: boolean
}

export interface NewestBackup {
  readonly backup: string
  readonly finishedAtMs: number
  readonly ageMs: number
  readonly bytes: number
  readonly storedBytes: number
  /** Against the good backup before it; null where there is none. */
  readonly changeBytes: number | null
}

export interface LastRun {
  readonly outcome: 'committed' | 'failed' | 'skipped' | 'cancelled' | 'running' | 'waiting'
  readonly atMs: number
  readonly cause: string | null
}

export interface PlanStatusInput {
  readonly plan: string
  readonly enabled: boolean
  readonly overdueAfterMs: number | null
  /** Newest first; null when the bucket could not be read, and `unreachable` says why. */
  readonly backups: readonly BackupGlance[] | null
  readonly unreachable?: string
  /** Since when a first backup is waited for; null: nobody remembers. */
  readonly expectedSinceMs: number | null
  readonly lastRun: LastRun | null
  readonly isScheduled: boolean
  readonly nextRunMs: number | null
  /** What is to be kept, and the wall clock it is counted by; null: everything. */
  readonly retention?:
    | {
        readonly policy: RetentionPolicy
        readonly localTime: RetentionClock['localTime']
      }
    | null
    | undefined
  readonly nowMs: number
}

export function planStatus(input: PlanStatusInput): PlanStatus {
  const newestGood = newestGoodOf(input)
  const base = {
    plan: input.plan,
    newestGood,
    overdueAfterMs: input.overdueAfterMs,
    isOverdue: overdueOf(input, newestGood),
    lastRun: input.lastRun ?? lastRunByManifest(input),
    isScheduled: input.isScheduled,
    nextRunMs: input.nextRunMs,
    backups: input.backups?.length ?? 0,
    suspects: input.backups?.filter(({ isGood }) => !isGood).length ?? 0,
    storedBytes: input.backups?.reduce((sum, { storedBytes }) => sum + storedBytes, 0) ?? 0,
    ...proofOf(input.backups ?? []),
    heldPrune: heldPruneOf(input),
  }
  return { ...base, ...judge(input, base) }
}

/** Whether `status --check` must fail on it. */
export function needsAttention({ state }: PlanStatus): boolean {
  return state !== 'good' && state !== 'running' && state !== 'disabled'
}

export function compareStatus(a: PlanStatus, b: PlanStatus): number {
  return planStates.indexOf(a.state) - planStates.indexOf(b.state) || (a.plan < b.plan ? -1 : 1)
}

function newestGoodOf({ backups, nowMs }: PlanStatusInput): NewestBackup | null {
  const [newest, before] = backups?.filter(({ isGood }) => isGood) ?? []
  if (!newest) return null
  const { backup, finishedAtMs, bytes, storedBytes } = newest
  const ageMs = Math.max(0, nowMs - finishedAtMs)
  const changeBytes = before ? bytes - before.bytes : null
  return { backup, finishedAtMs, ageMs, bytes, storedBytes, changeBytes }
}

/** Without a limit nothing is; of a bucket that cannot be read, or a wait nobody remembers, null. */
function overdueOf(input: PlanStatusInput, newestGood: NewestBackup | null): boolean | null {
  const { overdueAfterMs, backups, expectedSinceMs, nowMs } = input
  if (overdueAfterMs === null) return false
  if (!backups) return null
  const oldestStartMs = backups.at(-1)?.startedAtMs ?? null
  if (oldestStartMs === null && expectedSinceMs === null) return null
  const newestGoodMs = newestGood?.finishedAtMs ?? null
  return isOverdue({ overdueAfterMs, newestGoodMs, oldestStartMs, expectedSinceMs }, nowMs)
}

function heldPruneOf({ backups, retention, nowMs }: PlanStatusInput): HeldPrune | null {
  if (!backups || !retention) return null
  const history = backups.map((glance) => retentionBackupOf(glance, nowMs))
  return heldPrune(history, retention.policy, { nowMs, localTime: retention.localTime })
}

function proofOf(
  glances: readonly BackupGlance[],
): Pick<PlanStatus, 'proved' | 'openedAtMs' | 'drill'> {
  const drill = newest(
    glances.flatMap(({ backup, drill }) => (drill ? [{ backup, ...drill }] : [])),
  )
  const opened = glances.flatMap(({ verifiedDeep, drill }) => [
    ...(verifiedDeep && !verifiedDeep.isRefuted ? [verifiedDeep] : []),
    ...(drill?.isRestored ? [drill] : []),
  ])
  const proofs = glances.flatMap(({ backup, verified, drill }): Proof[] => [
    ...(verified ? [proofByReading(backup, verified)] : []),
    ...(drill ? [proofByDrill(backup, drill)] : []),
  ])
  return { proved: newest(proofs), openedAtMs: newest(opened)?.atMs ?? null, drill }
}

function newest<T extends { readonly atMs: number }>(facts: readonly T[]): T | null {
  return facts.reduce<T | null>((a, b) => (a && a.atMs >= b.atMs ? a : b), null)
}

function proofByReading(backup: string, { depth, ...fact }: VerifiedFact): Proof {
  return { backup, how: depth, ...fact }
}

function proofByDrill(backup: string, { atMs, restoreMs, isPassed }: DrillFact): Proof {
  return { backup, how: 'drill', atMs, tookMs: restoreMs, isRefuted: !isPassed }
}

/** What the queue has forgotten stands in the bucket: the newest backup was made by some run. */
function lastRunByManifest({ backups }: PlanStatusInput): LastRun | null {
  const newest = backups?.[0]
  return newest ? { outcome: 'committed', atMs: newest.finishedAtMs, cause: null } : null
}

function judge(
  input: PlanStatusInput,
  { newestGood, isOverdue }: Pick<PlanStatus, 'newestGood' | 'isOverdue'>,
): { readonly state: PlanState; readonly words: string } {
  const { lastRun } = input
  if (!input.enabled) return { state: 'disabled', words: 'disabled in the configuration' }
  if (!input.backups) {
    return { state: 'unknown', words: input.unreachable ?? 'the bucket cannot be read' }
  }
  // A run that failed before the newest good backup was made no longer matters.
  if (lastRun?.outcome === 'failed' && lastRun.atMs > (newestGood?.finishedAtMs ?? 0)) {
    return { state: 'failed', words: lastRun.cause ?? 'the last run failed' }
  }
  if (isOverdue) return { state: 'overdue', words: overdueInWords(newestGood) }
  const [latest] = input.backups
  if (latest && !latest.isGood) return { state: 'suspect', words: suspicionInWords(latest) }
  if (lastRun?.outcome === 'running') return { state: 'running', words: 'a run is under way' }
  if (!newestGood) return { state: 'never', words: 'no good backup yet' }
  return { state: 'good', words: 'good' }
}

function overdueInWords(newestGood: NewestBackup | null): string {
  if (newestGood) return 'the newest good backup is older than its limit'
  return 'no good backup yet, and waited for longer than its limit'
}

function suspicionInWords({ suspicion, verified }: BackupGlance): string {
  if (verified?.isRefuted) return 'a verification refuted the newest backup'
  const why = suspicion === null || suspicion === 'suspect' ? '' : `: ${suspicion}`
  return `the newest backup is suspect${why}`
}
