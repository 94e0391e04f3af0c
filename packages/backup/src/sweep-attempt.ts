import type { Storage } from '@backstream/storage'
import { voidAndRemove } from './clean-up.ts'
import type { AttemptVerdict } from './judge-attempt.ts'
import { slotKey } from './layout.ts'
import { abortUploads, type Removal } from './remove-attempt.ts'
import type { SweepDeps, SweepRequest, SweptAttempt } from './sweep-request.ts'
import type { AttemptScan } from './sweep-scan.ts'
import type { SweepTally } from './sweep-tally.ts'

interface Judged<V extends AttemptVerdict = AttemptVerdict> {
  readonly attempt: AttemptScan
  readonly verdict: V
  readonly tally: SweepTally
}
type Removing = Exclude<AttemptVerdict, { readonly kind: 'keep' | 'wait' }>

/** Does with an attempt what was found to be right, or says it only. */
export async function sweepAttempt(
  deps: SweepDeps,
  request: SweepRequest,
  { attempt, verdict, tally }: Judged,
): Promise<void> {
  const ref = refOf(attempt)
  switch (verdict.kind) {
    case 'keep':
      if (verdict.why === 'manifest-gone') tally.manifestGone.push(ref)
      if (verdict.why === 'unreadable') tally.unreadable.push(ref)
      return
    case 'wait':
      tally.waiting.push({ ref, why: verdict.why })
      return
    default:
      if (request.isDryRun) tally.swept.push(preview(attempt, verdict))
      else await remove(deps, request, { attempt, verdict, tally })
  }
}

async function remove(
  deps: SweepDeps,
  request: SweepRequest,
  { attempt, verdict, tally }: Judged<Removing>,
): Promise<void> {
  const { storage, signal } = deps
  const removal = await removalOf(deps, request, { attempt, verdict, tally })
  if (!removal) return
  for (const { key, error } of removal.failures) tally.fail(`${storage.location}/${key}`, error)
  const { abortedUploads: uploads, deletedObjects: objects, bytes } = removal
  signal.throwIfAborted()
  if (uploads + objects === 0) return
  tally.swept.push({ ref: refOf(attempt), reason: reasonOf(verdict), uploads, objects, bytes })
}

async function removalOf(
  { storage, clock, signal }: SweepDeps,
  { by, graceMs }: SweepRequest,
  { attempt, verdict, tally }: Judged<Removing>,
): Promise<Removal | undefined> {
  if (verdict.kind === 'forget') return await forget(storage, attempt, signal)
  if (verdict.kind === 'abort-uploads') {
    const { count, bytes, failures } = await abortUploads(storage, attempt, signal)
    return { abortedUploads: count, deletedObjects: 0, bytes, failures }
  }
  const { plan, backup } = attempt
  const given = { plan, backup, by, reason: verdict.reason }
  const done = await voidAndRemove(storage, given, { clock, signal, graceMs })
  if (done.outcome === 'removed') return done.removal
  // Committed or brought back while we looked: it is none of ours any more.
  if (done.outcome === 'voided') {
    const why = 'it is void, and this store wants the void to stand for the grace first'
    tally.waiting.push({ ref: refOf(attempt), why })
  }
  return undefined
}

/** Oldest first: the void must be what stands there until nothing is left behind it. */
async function forget(
  storage: Storage,
  attempt: AttemptScan,
  signal: AbortSignal,
): Promise<Removal> {
  const key = slotKey(attempt.plan, attempt.backup)
  const versions: { readonly versionId: string | undefined; readonly bytes: number }[] = []
  for await (const version of storage.listVersions(key, { signal })) {
    if (version.key === key) versions.push(version)
  }
  let bytes = 0
  for (const version of versions.toReversed()) {
    await storage.delete(key, { versionId: version.versionId, signal })
    bytes += version.bytes
  }
  return { abortedUploads: 0, deletedObjects: versions.length, bytes, failures: [] }
}

function preview({ uploads, objects, notes, slot, ...at }: AttemptScan, verdict: Removing) {
  const about = { ref: refOf(at), reason: reasonOf(verdict) }
  if (verdict.kind === 'forget') {
    return { ...about, uploads: 0, objects: 1, bytes: slot?.bytes ?? 0 }
  }
  const inUploads = sum(uploads)
  if (verdict.kind === 'abort-uploads') {
    return { ...about, uploads: uploads.length, objects: 0, bytes: inUploads }
  }
  const count = objects.length + notes.length
  return { ...about, uploads: uploads.length, objects: count, bytes: inUploads + sum(objects) }
}

function sum(things: readonly { readonly bytes: number }[]): number {
  return things.reduce((total, { bytes }) => total + bytes, 0)
}

function reasonOf(verdict: Removing): SweptAttempt['reason'] {
  if (verdict.kind === 'remove') return verdict.reason
  return verdict.kind === 'forget' ? 'old-void' : 'stray-uploads'
}

function refOf({ plan, backup }: { readonly plan: string; readonly backup: string }): string {
  return `${plan}/${backup}`
}
