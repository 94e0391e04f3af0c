/**
 * What can be shown of a plan's past, from what the bucket holds. Pure.
 *
 * Every manifest carries the hash of the one before it. So a backup that somebody took away is missed by
 * the next one, and one that was changed does not fit any more; what retention removed is on record, with
 * its hash. Only of the newest nobody tells but the queue, which remembers what its runs have made.
 */
import { parseBackupId } from '@backstream/kernel'
import type { Note } from './notes.ts'
import type { PlanEvidence } from './read-evidence.ts'
import { type ReportDay, reportDays } from './report-days.ts'

export interface PlanReportInput {
  readonly evidence: PlanEvidence
  readonly sinceMs: number
  readonly nowMs: number
  readonly overdueAfterMs: number | null
  /** Wall clock of the plan's time zone, as if it were UTC. */
  readonly localTime: (ms: number) => number
  /** Runs the queue still knows; null when it could not be asked. */
  readonly runs: readonly ReportedRun[] | null
}

export interface ReportedRun {
  readonly outcome: 'committed' | 'failed' | 'skipped' | 'cancelled'
  readonly atMs: number
  readonly backup: string | null
  readonly cause: string | null
}

export interface PlanReport {
  readonly plan: string
  /** Of the queue, in the period: it keeps the last few hundred. Null when it could not be asked. */
  readonly runs: Readonly<Record<ReportedRun['outcome'], number>> | null
  /** Attempts that were begun in the period, by their numbers, and those that were given up. */
  readonly attempts: number
  readonly backups: { readonly made: number; readonly good: number; readonly suspect: number }
  readonly verifications: {
    readonly verified: number
    readonly refuted: number
    readonly lastAt: string | null
  }
  readonly drills: {
    readonly passed: number
    readonly failed: number
    readonly lastAt: string | null
    readonly lastRestoreMs: number | null
  }
  readonly prunings: number
  /** Times without a good backup within the limit. */
  readonly gaps: readonly { readonly from: string; readonly to: string }[]
  readonly findings: readonly ReportFinding[]
  readonly days: readonly ReportDay[]
}

export interface ReportFinding {
  /** `missing`: it was there and is not. `changed`: it is not what it was. `unreadable`: see it. */
  readonly kind: 'missing' | 'changed' | 'unreadable'
  readonly backup: string
  readonly words: string
}

export function planReport(input: PlanReportInput): PlanReport {
  const { evidence, sinceMs, nowMs } = input
  const isInside = (iso: string) => Date.parse(iso) >= sinceMs && Date.parse(iso) <= nowMs
  const known = [...knownBackups(evidence).values()]
  const made = known.filter(({ finishedAt }) => isInside(finishedAt))
  const good = made.filter(({ isGood }) => isGood).length
  const notes = evidence.notes.filter(({ at }) => isInside(at))
  const goodAtMs = known.filter(({ isGood }) => isGood).map((one) => Date.parse(one.finishedAt))
  const { gaps, days } = reportDays({ ...input, goodAtMs: goodAtMs.sort((a, b) => a - b) })
  return {
    plan: evidence.plan,
    runs: countRuns(input),
    attempts: countAttempts(evidence, sinceMs),
    backups: { made: made.length, good, suspect: made.length - good },
    verifications: verificationsOf(notes),
    drills: drillsOf(notes),
    prunings: [...evidence.pruned.values()].filter(
      ({ at, backup }) => isInside(at) && !evidence.manifests.has(backup),
    ).length,
    gaps,
    findings: [...brokenLinks(evidence), ...unknownToBucket(input), ...unreadable(evidence)],
    days,
  }
}

interface KnownBackup {
  readonly finishedAt: string
  readonly isGood: boolean
}

/** Those that stand, and those that retention removed. */
function knownBackups({ manifests, pruned, notes }: PlanEvidence): Map<string, KnownBackup> {
  const accepted = new Set(notes.filter(({ kind }) => kind === 'accept').map((one) => one.backup))
  const refuted = new Map(
    notes
      .filter(({ kind }) => kind === 'verify')
      .map(({ backup, facts }) => [backup, facts['outcome'] === 'refuted']),
  )
  const known = new Map<string, KnownBackup>()
  for (const [backup, { finishedAt, status }] of pruned) {
    known.set(backup, { finishedAt, isGood: status === 'good' })
  }
  for (const [backup, { manifest }] of manifests) {
    const isSound = manifest.status === 'good' || accepted.has(backup)
    const isGood = isSound && refuted.get(backup) !== true
    known.set(backup, { finishedAt: manifest.run.finishedAt, isGood })
  }
  return known
}

/** What a later backup says of the one before it, against what is there. */
function brokenLinks(evidence: PlanEvidence): ReportFinding[] {
  const { manifests, pruned } = evidence
  const links = [
    ...[...manifests.values()].map(({ manifest }) => manifest),
    // One that was pruned and brought back speaks for itself.
    ...[...pruned.values()].filter(({ backup }) => !manifests.has(backup)),
  ]
  const findings = new Map<string, ReportFinding>()
  for (const { backup: by, previous } of links) {
    const finding = previous && judgeLink(evidence, previous, by)
    if (finding) findings.set(finding.backup, finding)
  }
  return [...findings.values()].sort((a, b) => (a.backup < b.backup ? -1 : 1))
}

function judgeLink(
  evidence: PlanEvidence,
  { backup, sha256 }: { readonly backup: string; readonly sha256: string },
  by: string,
): ReportFinding | null {
  if (evidence.unreadable.includes(backup)) return null
  const found = hashOf(evidence, backup)
  if (found === sha256) return null
  if (found !== undefined) {
    return { kind: 'changed', backup, words: `its manifest is not the one that ${by} followed` }
  }
  const reason = evidence.voids.get(backup)?.reason
  // Said by whoever withdrew or removed it: no theft.
  if (reason === 'withdrawn' || reason === 'pruned') return null
  const gone = reason === undefined ? 'is gone, and no pruning is on record' : `is void: ${reason}`
  return { kind: 'missing', backup, words: `${by} followed it; its manifest ${gone}` }
}

/** Of a manifest that stands, or of one that was pruned: older versions left a note only. */
function hashOf({ manifests, pruned, notes }: PlanEvidence, backup: string): string | undefined {
  const note = notes.findLast((one) => one.kind === 'pruned' && one.backup === backup)
  const noted = note?.facts['manifestSha256']
  return (
    manifests.get(backup)?.sha256 ??
    pruned.get(backup)?.manifestSha256 ??
    (typeof noted === 'string' ? noted : undefined)
  )
}

/** What a run has made is there, or on record as pruned. */
function unknownToBucket({ evidence, runs }: PlanReportInput): ReportFinding[] {
  const { unreadable, voids } = evidence
  const named = new Set(brokenLinks(evidence).map(({ backup }) => backup))
  const isKnown = (backup: string) =>
    hashOf(evidence, backup) !== undefined ||
    voids.get(backup)?.reason === 'pruned' ||
    unreadable.includes(backup) ||
    named.has(backup)
  const made = (runs ?? []).flatMap(({ outcome, backup }) =>
    outcome === 'committed' && backup !== null ? [backup] : [],
  )
  return made
    .filter((backup) => !isKnown(backup))
    .map((backup) => ({
      kind: 'missing' as const,
      backup,
      words: 'a run made it; it is gone, and no pruning is on record',
    }))
}

function unreadable(evidence: PlanEvidence): ReportFinding[] {
  return evidence.unreadable.map((backup) => ({
    kind: 'unreadable' as const,
    backup,
    words: 'what stands in its slot is no manifest that can be read',
  }))
}

function countRuns({ runs, sinceMs }: PlanReportInput): PlanReport['runs'] {
  if (!runs) return null
  const inside = runs.filter(({ atMs }) => atMs >= sinceMs)
  const count = (outcome: ReportedRun['outcome']) =>
    inside.filter((run) => run.outcome === outcome).length
  return {
    committed: count('committed'),
    failed: count('failed'),
    skipped: count('skipped'),
    cancelled: count('cancelled'),
  }
}

/** Numbers are drawn one by one: what was begun since the last backup before the period. */
function countAttempts(evidence: PlanEvidence, sinceMs: number): number {
  const ids = [...evidence.manifests.keys(), ...evidence.pruned.keys()]
  const before = ids.flatMap((id) => {
    const parsed = parseBackupId(id)
    return parsed && parsed.startedAtMs < sinceMs ? [parsed.fence] : []
  })
  return evidence.highestFence - Math.max(0, ...before)
}

function verificationsOf(notes: readonly Note[]): PlanReport['verifications'] {
  const own = notes.filter(({ kind }) => kind === 'verify')
  const refuted = own.filter(({ facts }) => facts['outcome'] === 'refuted').length
  return { verified: own.length - refuted, refuted, lastAt: own.at(-1)?.at ?? null }
}

function drillsOf(notes: readonly Note[]): PlanReport['drills'] {
  const own = notes.filter(({ kind }) => kind === 'drill')
  const passed = own.filter(({ facts }) => facts['outcome'] === 'passed').length
  const tookMs = own.at(-1)?.facts['restoreMs']
  return {
    passed,
    failed: own.length - passed,
    lastAt: own.at(-1)?.at ?? null,
    lastRestoreMs: typeof tookMs === 'number' ? tookMs : null,
  }
}
