/** What to say of a plan, from its manifests first and the queue's memory second. Pure. */
import type { Manifest } from './manifest.ts'
import type { BackupStanding, PlanStandings } from './standing.ts'

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
  readonly lastRun: LastRun | null
  readonly nextRunMs: number | null
  /** Backups with a manifest. */
  readonly backups: number
}

export interface NewestBackup {
  readonly backup: string
  readonly finishedAtMs: number
  readonly ageMs: number
  readonly bytes: number
  readonly storedBytes: number
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
  /** Null when the bucket could not be read; `unreachable` says why. */
  readonly backups: Pick<PlanStandings, 'standings'> | null
  readonly unreachable?: string
  readonly lastRun: LastRun | null
  readonly nextRunMs: number | null
  readonly nowMs: number
}

export function planStatus(input: PlanStatusInput): PlanStatus {
  const newestGood = newestGoodOf(input)
  const base = {
    plan: input.plan,
    newestGood,
    overdueAfterMs: input.overdueAfterMs,
    lastRun: input.lastRun,
    nextRunMs: input.nextRunMs,
    backups: input.backups?.standings.length ?? 0,
  }
  return { ...base, ...judge(input, newestGood) }
}

/** Whether `status --check` must fail on it. */
export function needsAttention({ state }: PlanStatus): boolean {
  return state !== 'good' && state !== 'running' && state !== 'disabled'
}

export function compareStatus(a: PlanStatus, b: PlanStatus): number {
  return planStates.indexOf(a.state) - planStates.indexOf(b.state) || (a.plan < b.plan ? -1 : 1)
}

/** Bytes of all volumes and of the index. */
export function storedBytesOf(manifest: Manifest): number {
  return manifest.archives.reduce((total, { bytes }) => total + bytes, manifest.index.bytes)
}

/** Content bytes of all sources. */
export function contentBytesOf(manifest: Manifest): number {
  return manifest.sources.reduce((total, { bytes }) => total + bytes, 0)
}

function newestGoodOf({ backups, nowMs }: PlanStatusInput): NewestBackup | null {
  const manifest = backups?.standings.find(({ isGood }) => isGood)?.manifest
  if (!manifest) return null
  const finishedAtMs = Date.parse(manifest.run.finishedAt)
  return {
    backup: manifest.backup,
    finishedAtMs,
    ageMs: Math.max(0, nowMs - finishedAtMs),
    bytes: contentBytesOf(manifest),
    storedBytes: storedBytesOf(manifest),
  }
}

function judge(
  input: PlanStatusInput,
  newest: NewestBackup | null,
): { readonly state: PlanState; readonly words: string } {
  const { lastRun, overdueAfterMs } = input
  if (!input.enabled) return { state: 'disabled', words: 'disabled in the configuration' }
  if (!input.backups) {
    return { state: 'unknown', words: input.unreachable ?? 'the bucket cannot be read' }
  }
  // A run that failed before the newest good backup was made no longer matters.
  if (lastRun?.outcome === 'failed' && lastRun.atMs > (newest?.finishedAtMs ?? 0)) {
    return { state: 'failed', words: lastRun.cause ?? 'the last run failed' }
  }
  if (newest && overdueAfterMs !== null && newest.ageMs > overdueAfterMs) {
    return { state: 'overdue', words: 'the newest good backup is older than its limit' }
  }
  const [latest] = input.backups.standings
  if (latest && !latest.isGood) return { state: 'suspect', words: suspicionInWords(latest) }
  if (lastRun?.outcome === 'running') return { state: 'running', words: 'a run is under way' }
  if (!newest) return { state: 'never', words: 'no good backup yet' }
  return { state: 'good', words: 'good' }
}

function suspicionInWords({ manifest, verified }: BackupStanding): string {
  if (verified?.isRefuted) return 'a verification refuted the newest backup'
  const [first] = manifest.suspect
  const why = first ? `: ${first.rule}: expected ${first.expected}, found ${first.found}` : ''
  return `the newest backup is suspect${why}`
}
