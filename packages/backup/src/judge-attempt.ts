/**
 * What becomes of an attempt that the sweep finds. Pure.
 *
 * Ages never decide alone: an object made by a multipart upload may carry the time its upload began.
 * An attempt that nobody committed or voided must have stood still for the grace, must have been seen
 * in the same state several heartbeats ago, and the queue's memory, which knows the live runs, must
 * reach back as far.
 */
import type { SlotContent } from './manifest.ts'
import { isPinned } from './notes.ts'
import type { AttemptScan } from './sweep-scan.ts'

export interface AttemptFacts {
  readonly nowMs: number
  readonly graceMs: number
  /** How long a pruned backup can be brought back. */
  readonly retentionGraceMs: number
  /** A run that is under way, or between two attempts, set out to make it. */
  readonly isLive: boolean
  /** `unreadable`: something stands there that is neither a manifest nor a void. */
  readonly slot: SlotContent['kind'] | 'free' | 'unreadable'
  /** When the slot was voided; of a void only. */
  readonly voidedAtMs: number
  /** Something else in the bucket says that it was a backup: see `formerBackups`. */
  readonly wasBackup: boolean
  /** For how long it has been seen in this very state, in one life of the queue's memory. */
  readonly seenForMs: number
  /** How far the queue's memory reaches back. */
  readonly rememberedForMs: number
}

export type AttemptVerdict =
  | { readonly kind: 'keep'; readonly why: 'committed' | 'void' | 'live' | 'pinned' | 'unreadable' }
  /** Its manifest is gone, and not by our pruning: for people to look at, never for us to remove. */
  | { readonly kind: 'keep'; readonly why: 'manifest-gone' }
  | { readonly kind: 'wait'; readonly why: string }
  | { readonly kind: 'remove'; readonly reason: 'abandoned' | 'voided' | 'pruned' }
  /** Uploads in progress on the keys of a backup that is committed: nobody waits for them. */
  | { readonly kind: 'abort-uploads' }
  /** The void has done its duty. */
  | { readonly kind: 'forget' }

/** Seen twice means so far apart: a live run shows a sign of life in between. */
export const sightingGapMs: number = 90_000
const voidsKeptMs = 7 * 24 * 3_600_000

export function judgeAttempt(scan: AttemptScan, facts: AttemptFacts): AttemptVerdict {
  if (facts.isLive) return { kind: 'keep', why: 'live' }
  switch (facts.slot) {
    case 'unreadable':
      return { kind: 'keep', why: 'unreadable' }
    case 'manifest':
      return judgeCommitted(scan, facts)
    case 'void':
      return judgeVoided(scan, facts)
    case 'free':
      return judgeOpen(scan, facts)
  }
}

function judgeCommitted(scan: AttemptScan, facts: AttemptFacts): AttemptVerdict {
  if (scan.uploads.length === 0) return { kind: 'keep', why: 'committed' }
  const why = whyWait(scan, facts)
  return why === null ? { kind: 'abort-uploads' } : { kind: 'wait', why }
}

function judgeVoided(scan: AttemptScan, facts: AttemptFacts): AttemptVerdict {
  const { objects, notes, uploads, slot } = scan
  if (objects.length + notes.length + uploads.length > 0) {
    return { kind: 'remove', reason: 'voided' }
  }
  const voidedAtMs = Math.max(facts.voidedAtMs, slot?.lastModifiedMs ?? 0)
  return facts.nowMs - voidedAtMs >= voidsKeptMs
    ? { kind: 'forget' }
    : { kind: 'keep', why: 'void' }
}

function judgeOpen(scan: AttemptScan, facts: AttemptFacts): AttemptVerdict {
  const pruned = scan.notes.filter(({ kind }) => kind === 'pruned')
  if (pruned.length > 0) return judgePruned(scan, facts)
  if (wasCommitted(scan, facts)) return { kind: 'keep', why: 'manifest-gone' }
  const why = whyWait(scan, facts)
  return why === null ? { kind: 'remove', reason: 'abandoned' } : { kind: 'wait', why }
}

function judgePruned({ notes }: AttemptScan, facts: AttemptFacts): AttemptVerdict {
  const sorted = notes.toSorted((a, b) => a.atMs - b.atMs)
  if (isPinned(sorted)) return { kind: 'keep', why: 'pinned' }
  const prunedAtMs = sorted.findLast(({ kind }) => kind === 'pruned')?.atMs ?? facts.nowMs
  if (facts.nowMs - prunedAtMs >= facts.retentionGraceMs) {
    return { kind: 'remove', reason: 'pruned' }
  }
  return { kind: 'wait', why: 'it was pruned, and can still be brought back' }
}

/** A pin may be made together with the backup; every other note speaks of one that was there. */
function wasCommitted({ notes, olderSlots }: AttemptScan, facts: AttemptFacts): boolean {
  const hasHistory = notes.some(({ kind }) => kind !== 'pin' && kind !== 'unpin')
  return hasHistory || olderSlots > 0 || facts.wasBackup
}

function whyWait(scan: AttemptScan, facts: AttemptFacts): string | null {
  const { graceMs, nowMs, seenForMs, rememberedForMs } = facts
  const writes = [
    ...scan.uploads.map(({ writtenAtMs }) => writtenAtMs),
    ...scan.objects.map(({ lastModifiedMs }) => lastModifiedMs),
    ...scan.notes.map(({ atMs }) => atMs),
  ]
  // Clocks differ: what seems to come from the future has just been written.
  const stillForMs = Math.max(0, nowMs - Math.max(...writes))
  if (stillForMs < graceMs) return 'somebody wrote to it within the grace'
  if (rememberedForMs < graceMs) return 'Redis does not remember far enough to know its run'
  if (seenForMs < Math.min(graceMs, sightingGapMs))
    return 'it has been seen once, and not yet again'
  return null
}
