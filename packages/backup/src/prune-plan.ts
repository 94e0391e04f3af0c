/**
 * Pruning removes manifests, nothing else: a backup is gone from the list at once, and its bytes
 * stay until the sweep finds them older than the policy's grace. First `pruned` is noted beside the
 * backup, with the manifest's text: whoever sees bytes without a manifest can tell our own pruning
 * from a thief's, and take it back.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '@backstream/kernel'
import type { Storage } from '@backstream/storage'
import { lockedUntil, pruneLimit, retentionBackupOf } from './held-prune.ts'
import { slotKey } from './layout.ts'
import { writeNote } from './notes.ts'
import { assertNotForeign } from './owner-mark.ts'
import type { PlanStatus } from './plan-status.ts'
import { recordPruning } from './prune-record.ts'
import {
  applyRetention,
  type RetentionBackup,
  type RetentionClock,
  type RetentionPolicy,
  type RetentionVerdict,
} from './retention.ts'
import { readSlot } from './slot.ts'
import { type BackupStanding, readStandings } from './standing.ts'

/** Why nothing should be removed now: old backups are worth more while new ones are in doubt. */
export const pruneBlocks = ['failed', 'suspect', 'overdue'] as const
export type PruneBlock = (typeof pruneBlocks)[number]

/** What a plan's status says against pruning it. */
export function pruneBlocksOf(
  status: Pick<PlanStatus, 'newestGood' | 'isOverdue' | 'lastRun'>,
): PruneBlock[] {
  const { newestGood, isOverdue, lastRun } = status
  const madeAtMs = newestGood?.finishedAtMs ?? 0
  const hasFailed = lastRun?.outcome === 'failed' && lastRun.atMs > madeAtMs
  return [...(hasFailed ? (['failed'] as const) : []), ...(isOverdue ? (['overdue'] as const) : [])]
}

export interface PruneDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly signal: AbortSignal
}

export interface PruneRequest {
  readonly installation: string
  readonly plan: string
  /** Null keeps everything. */
  readonly policy: RetentionPolicy | null
  readonly localTime: RetentionClock['localTime']
  readonly by: string
  /** What stands against it; a suspect newest backup is added here. */
  readonly blocks: readonly PruneBlock[]
  readonly despite: readonly PruneBlock[]
  /** Somebody saw the verdicts and agreed: however many may go. */
  readonly isConfirmed: boolean
  readonly isDryRun: boolean
}

export interface PruneReport {
  /** `held`: too many would go without anybody having agreed. `blocked`: see `blocks`. */
  readonly outcome: 'pruned' | 'nothing' | 'dry-run' | 'held' | 'blocked'
  /** Newest first. */
  readonly verdicts: readonly RetentionVerdict[]
  readonly blocks: readonly PruneBlock[]
  /** More than so many need to be confirmed. */
  readonly limit: number
  /** Backups that nothing but the lock of the store keeps. */
  readonly locked: number
  readonly removed: readonly string[]
  readonly failures: readonly { readonly backup: string; readonly message: string }[]
  /** Manifests that cannot be read: left alone, and counted by no rule. */
  readonly unreadable: readonly string[]
}

/** Rejects with `foreign-prefix`; what could not be removed is in `failures`, and the rest went on. */
export async function prunePlan(deps: PruneDeps, request: PruneRequest): Promise<PruneReport> {
  const { storage, clock, signal } = deps
  await assertNotForeign(storage, request.installation, signal)
  const { standings, unreadable } = await readStandings(storage, request.plan, { signal })
  const history = standings.map((standing) => toHistory(standing, clock.now()))
  const verdicts = request.policy
    ? applyRetention(history, request.policy, { nowMs: clock.now(), localTime: request.localTime })
    : history.map(({ backup }) => ({ backup, isKept: true, reasons: ['no retention is set'] }))
  const going = verdicts.filter(({ isKept }) => !isKept).toReversed()
  const report = {
    verdicts,
    blocks: blocksOf(request, standings),
    limit: pruneLimit(standings.length),
    locked: verdicts.filter(isKeptByLockOnly).length,
    removed: [],
    failures: [],
    unreadable: unreadable.map(({ backup }) => backup),
  }
  if (request.isDryRun) return { ...report, outcome: 'dry-run' }
  if (going.length === 0) return { ...report, outcome: 'nothing' }
  if (report.blocks.length > 0) return { ...report, outcome: 'blocked' }
  if (going.length > report.limit && !request.isConfirmed) return { ...report, outcome: 'held' }
  return { ...report, outcome: 'pruned', ...(await removeAll(deps, request, going)) }
}

function isKeptByLockOnly({ isKept, reasons }: RetentionVerdict): boolean {
  return isKept && reasons.every((reason) => reason.startsWith(lockedUntil))
}

function toHistory({ manifest, ...facts }: BackupStanding, nowMs: number): RetentionBackup {
  const { backup, run } = manifest
  return retentionBackupOf({ ...facts, backup, startedAtMs: Date.parse(run.startedAt) }, nowMs)
}

function blocksOf(request: PruneRequest, standings: readonly BackupStanding[]): PruneBlock[] {
  const [newest] = standings
  const found = new Set(request.blocks)
  if (newest && !newest.isGood) found.add('suspect')
  return pruneBlocks.filter((block) => found.has(block) && !request.despite.includes(block))
}

/** Oldest first: whatever stops it, the newer ones are still there. */
async function removeAll(
  deps: PruneDeps,
  request: PruneRequest,
  going: readonly RetentionVerdict[],
): Promise<Pick<PruneReport, 'removed' | 'failures'>> {
  const removed: string[] = []
  const failures: { backup: string; message: string }[] = []
  for (const verdict of going) {
    deps.signal.throwIfAborted()
    try {
      await removeManifest(deps, request, verdict)
      removed.push(verdict.backup)
    } catch (error) {
      deps.signal.throwIfAborted()
      failures.push({ backup: verdict.backup, message: messageOf(error) })
    }
  }
  return { removed, failures }
}

async function removeManifest(
  { storage, clock, signal }: PruneDeps,
  { plan, by }: PruneRequest,
  { backup, reasons }: RetentionVerdict,
): Promise<void> {
  const key = slotKey(plan, backup)
  const slot = await readSlot(storage, key, signal)
  if (slot?.kind !== 'manifest') return
  const facts = {
    reason: reasons.join(', '),
    manifestSha256: createHash('sha256').update(slot.bytes).digest('hex'),
    manifest: new TextDecoder().decode(slot.bytes),
  }
  await writeNote(storage, { plan, backup, kind: 'pruned', by, facts }, { clock, signal })
  await recordPruning(storage, { slot, by, reason: facts.reason }, { clock, signal })
  await storage.delete(key, { signal })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
