/**
 * One attempt at a backup, from the claim of its name to the manifest in its slot.
 *
 * claim → preflight → stream → gate → store → commit. Nothing counts as a backup before the last
 * step; whatever goes wrong before it, the attempt voids its slot and removes what it stored, under
 * a signal of its own, and then rejects with the first cause.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { BackstreamError, describeError, formatBackupId } from '@backstream/kernel'
import { isStorageError, type StoredObject } from '@backstream/storage'
import type { Attempt } from './attempt.ts'
import type { BackupDeps, BackupRequest, StoredArchive } from './backup-request.ts'
import { type CleanUpReport, cleanUpAttempt } from './clean-up.ts'
import { commitManifest } from './commit-manifest.ts'
import { composeManifest } from './compose-manifest.ts'
import { BackupError, type BackupErrorCode } from './errors.ts'
import { restoreGuideKey } from './layout.ts'
import type { Manifest } from './manifest.ts'
import { writeNote } from './notes.ts'
import { claimPrefix } from './owner-mark.ts'
import { readPlanHistory } from './plan-history.ts'
import { readPredecessors } from './predecessors.ts'
import { preflight } from './preflight.ts'
import { ProgressMeter } from './progress-meter.ts'
import { renderRestoreGuide } from './restore-guide.ts'
import { betweenHooks } from './run-hooks.ts'
import { readManifest } from './slot.ts'
import { streamArchive, totalBytes } from './stream-archive.ts'

/** A run that ends before needs no percentage, and its time is not spent on one. */
const estimateAfterMs = 10_000
/** How long the clean-up of a failed attempt may take before it is left to the queue. */
const cleanUpMs = 60_000

export async function runBackup(deps: BackupDeps, request: BackupRequest): Promise<Manifest> {
  const { plan, signal } = request
  signal.throwIfAborted()
  const meter = new ProgressMeter(deps.clock, (phase) => request.observer?.onPhase(phase))
  request.onMeter?.(() => meter.look())
  await claimPrefix(deps.storage, request.installation, signal)
  await preflight(deps.sources, { signal, logger: deps.logger })
  const history = await readPlanHistory(deps.storage, plan.name, signal)
  const known = { plan: plan.name, slots: history.slots }
  const before = await readPredecessors(deps.storage, known, signal)
  const fence = await deps.guard.drawFence(history.highestFence)
  const startedAtMs = deps.clock.now()
  const backup = formatBackupId({ startedAtMs, fence })
  const attempt: Attempt = {
    deps,
    request,
    backup,
    fence,
    startedAtMs,
    before,
    meter,
    signal,
    warnings: [],
    step: (line) => {
      deps.logger.info({ plan: plan.name, backup }, line)
      request.onStep?.(line)
    },
  }
  await deps.guard.recordAttempt(backup)
  attempt.step(`backup ${backup} begins`)
  try {
    return await makeBackup(attempt)
  } catch (cause) {
    attempt.step(`backup ${backup} ended early: ${describeError(cause)}`)
    const outcome = await cleanUp(attempt, cause)
    // A manifest that had to be withdrawn counts for nothing, even where it could not be.
    const mayStand = outcome === 'committed' && !isBackupError(cause, 'withdrawn')
    const committed = mayStand ? await readCommitted(attempt) : undefined
    if (committed) return committed
    throw cause
  }
}

/**
 * The put of the manifest may have been done though its answer was lost: then the run succeeded. Never
 * rejects: where the manifest cannot be read the first cause stands, and the next attempt finds it.
 */
async function readCommitted(attempt: Attempt): Promise<Manifest | undefined> {
  const { deps, request, backup, fence } = attempt
  try {
    const at = { plan: request.plan.name, backup }
    const found = await readManifest(deps.storage, at, AbortSignal.timeout(cleanUpMs))
    return found?.run.id === request.run.id && found.run.fence === fence ? found : undefined
  } catch (error) {
    deps.logger.warn({ backup, err: error }, `the manifest of ${backup} cannot be read back`)
    return undefined
  }
}

async function makeBackup(attempt: Attempt): Promise<Manifest> {
  const { meter, request, deps, signal } = attempt
  meter.phase = 'streaming'
  const stored = await whileEstimating(attempt, () =>
    betweenHooks(attempt, () => streamArchive(attempt)),
  )
  meter.phase = 'checking'
  attempt.step(
    `stored ${stored.volumes.length} volume(s), ${totalBytes(stored.volumes)} bytes, compared by ${stored.volumes[0]?.check}`,
  )
  await storeGuide(attempt, stored)
  const manifest = composeManifest({ ...attempt, ...stored })
  if (request.isPinned) await pin(attempt)
  meter.phase = 'committing'
  signal.throwIfAborted()
  await deps.guard.assertMayCommit(attempt.fence)
  await commitManifest(deps.storage, manifest, {
    signal,
    clock: deps.clock,
    by: `worker ${request.run.worker}`,
    confirm: async () => {
      await deps.guard.assertMayCommit(attempt.fence)
      await assertStored(attempt, [...stored.volumes, stored.index])
    },
  })
  attempt.step(
    `committed ${request.plan.name}/${attempt.backup}: ${manifest.content.entries} entries, status ${manifest.status}`,
  )
  return manifest
}

/** Before the manifest: retention must never see the one without the other. */
async function pin({ deps, request, backup, signal }: Attempt): Promise<void> {
  const by = `worker ${request.run.worker}`
  const note = { plan: request.plan.name, backup, kind: 'pin', by } as const
  await writeNote(deps.storage, note, { clock: deps.clock, signal })
}

/** Whether what the manifest names is still there, as it was stored. */
async function assertStored(
  { deps, signal }: Attempt,
  objects: readonly StoredObject[],
): Promise<void> {
  for (const { key, bytes, etag } of objects) {
    const now = await deps.storage.head(key, { signal }).catch((error: unknown) => {
      if (isStorageError(error, 'not-found')) return undefined
      throw error
    })
    if (now?.bytes === bytes && now.etag === etag) continue
    throw new BackupError('archive-gone', `Somebody removed or replaced ${key} meanwhile`)
  }
}

/**
 * How much there is to read is known from the last good backup; without one the sources estimate it
 * while they are read already. Nothing depends on it but a percentage, so it never fails anything.
 */
async function whileEstimating<T>(attempt: Attempt, work: () => Promise<T>): Promise<T> {
  const { before, deps, meter, signal } = attempt
  if (before.lastGood) {
    meter.bytesTotal = before.lastGood.sources.reduce((sum, { bytes }) => sum + bytes, 0)
    return await work()
  }
  const enough = new AbortController()
  const estimating = estimate(deps, AbortSignal.any([signal, enough.signal])).then(
    (bytes) => {
      meter.bytesTotal = bytes
    },
    (error: unknown) => deps.logger.debug({ error: describeError(error) }, 'no estimate'),
  )
  try {
    return await work()
  } finally {
    enough.abort()
    await estimating
  }
}

async function estimate(deps: BackupDeps, signal: AbortSignal): Promise<number | null> {
  await delay(estimateAfterMs, undefined, { signal })
  let bytes = 0
  for (const source of deps.sources) {
    const estimated = await source.estimate({ signal, logger: deps.logger })
    if (!estimated) return null
    bytes += estimated.bytes
  }
  return bytes
}

async function storeGuide(attempt: Attempt, stored: StoredArchive): Promise<void> {
  const { plan } = attempt.request
  const guide = renderRestoreGuide({
    plan: plan.name,
    backup: attempt.backup,
    location: attempt.deps.storage.location,
    algorithm: plan.compression.algorithm,
    encryption: stored.encryption,
    archives: stored.volumes,
    sources: attempt.deps.sources,
  })
  await attempt.deps.storage.put(
    restoreGuideKey(plan.name, attempt.backup),
    new TextEncoder().encode(guide),
    { signal: attempt.signal, contentType: 'text/markdown' },
  )
}

/** Never throws: the cause of the failure is what the caller must see. */
async function cleanUp(
  attempt: Attempt,
  cause: unknown,
): Promise<CleanUpReport['outcome'] | 'failed'> {
  const { deps, request, backup, meter } = attempt
  meter.phase = 'cleaning'
  // A fresh signal: the one that was aborted would cut the clean-up too.
  const signal = AbortSignal.timeout(cleanUpMs)
  const reason = cause instanceof BackstreamError ? cause.code : 'failed'
  try {
    const report = await cleanUpAttempt(
      deps.storage,
      { plan: request.plan.name, backup, by: `worker ${request.run.worker}`, reason },
      { clock: deps.clock, signal, graceMs: 0 },
    )
    attempt.step(
      report.outcome === 'committed'
        ? `backup ${backup} had been committed after all: left as it is`
        : `cleaned up ${backup}: ${report.abortedUploads} upload(s) aborted, ${report.deletedObjects} object(s) deleted`,
    )
    return report.outcome
  } catch (error) {
    await handOn(attempt, error)
    return 'failed'
  }
}

/** What this worker could not remove, say for want of the right to, is left to `maintenance`. */
async function handOn({ deps, request, backup, step }: Attempt, error: unknown): Promise<void> {
  step(`what is left of ${backup} is handed on to maintenance: ${describeError(error)}`)
  try {
    await request.onCleanUpFailed?.(backup, error)
  } catch (failed) {
    deps.logger.error({ backup, err: failed }, 'the clean-up could not be handed on')
  }
}

function isBackupError(error: unknown, code: BackupErrorCode): boolean {
  return error instanceof BackupError && error.code === code
}
