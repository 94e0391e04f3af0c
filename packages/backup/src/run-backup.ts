/**
 * One attempt at a backup, from the claim of its name to the manifest in its slot.
 *
 * claim → preflight → stream → gate → store → commit. Nothing counts as a backup before the last
 * step; whatever goes wrong before it, the attempt voids its slot and removes what it stored, under
 * a signal of its own, and then rejects with the first cause.
 */
import { type ArchivePart, type PackedArchive, packArchive } from '@backstream/archive'
import { BackstreamError, formatBackupId } from '@backstream/kernel'
import type { Source, SourceReading } from '@backstream/sources'
import type { StoredObject } from '@backstream/storage'
import type { BackupDeps, BackupRequest, StoredArchive } from './backup-request.ts'
import { cleanUpAttempt } from './clean-up.ts'
import { composeManifest } from './compose-manifest.ts'
import { BackupError } from './errors.ts'
import { archiveKey, indexKey, restoreGuideKey } from './layout.ts'
import type { Manifest } from './manifest.ts'
import { claimPrefix } from './owner-mark.ts'
import { type PlanHistory, readPlanHistory } from './plan-history.ts'
import { preflight } from './preflight.ts'
import { ProgressMeter } from './progress-meter.ts'
import { renderRestoreGuide } from './restore-guide.ts'
import { commitManifest, readManifest } from './slot.ts'
import { splitVolumes } from './volumes.ts'
import { withIdleTimeout } from './watchdog.ts'

/** What every step of an attempt shares. */
interface Attempt {
  readonly deps: BackupDeps
  readonly request: BackupRequest
  readonly backup: string
  readonly fence: number
  readonly startedAtMs: number
  readonly history: PlanHistory
  readonly meter: ProgressMeter
  readonly signal: AbortSignal
  step(line: string): void
}

/** How long the clean-up of a failed attempt may take before it is left to the queue. */
const cleanUpMs = 60_000

export async function runBackup(deps: BackupDeps, request: BackupRequest): Promise<Manifest> {
  const { plan, signal } = request
  signal.throwIfAborted()
  const meter = new ProgressMeter(deps.clock)
  request.onMeter?.(() => meter.look())
  await claimPrefix(deps.storage, request.installation, signal)
  await preflight(deps.sources, { signal, logger: deps.logger })
  const history = await readPlanHistory(deps.storage, plan.name, signal)
  const fence = await deps.guard.drawFence(history.highestFence)
  const startedAtMs = deps.clock.now()
  const backup = formatBackupId({ startedAtMs, fence })
  const attempt: Attempt = {
    deps,
    request,
    backup,
    fence,
    startedAtMs,
    history,
    meter,
    signal,
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
    const outcome = await cleanUp(attempt, cause)
    const committed = outcome === 'committed' ? await readCommitted(attempt) : undefined
    if (committed) return committed
    throw cause
  }
}

/** The put of the manifest may have been done though its answer was lost: then the run succeeded. */
async function readCommitted({ deps, request, backup }: Attempt): Promise<Manifest | undefined> {
  const at = { plan: request.plan.name, backup }
  return await readManifest(deps.storage, at, AbortSignal.timeout(cleanUpMs))
}

async function makeBackup(attempt: Attempt): Promise<Manifest> {
  const { meter, request, deps, signal } = attempt
  meter.bytesTotal = await estimate(deps, signal)
  meter.phase = 'streaming'
  const stored = await streamArchive(attempt)
  meter.phase = 'checking'
  attempt.step(
    `stored ${stored.volumes.length} volume(s), ${sum(stored.volumes)} bytes, compared by ${stored.volumes[0]?.check}`,
  )
  await storeGuide(attempt, stored)
  const manifest = await composeManifest({ ...attempt, ...stored, storage: deps.storage })
  meter.phase = 'committing'
  signal.throwIfAborted()
  await deps.guard.assertMayCommit(attempt.fence)
  await commitManifest(deps.storage, manifest, signal)
  attempt.step(
    `committed ${request.plan.name}/${attempt.backup}: ${manifest.content.entries} entries, status ${manifest.status}`,
  )
  return manifest
}

async function estimate(deps: BackupDeps, signal: AbortSignal): Promise<number | null> {
  let bytes = 0
  for (const source of deps.sources) {
    const estimated = await source.estimate({ signal, logger: deps.logger })
    if (!estimated) return null
    bytes += estimated.bytes
  }
  return bytes
}

/** Reads the sources once, into the archive's volumes and the index beside them. */
async function streamArchive(attempt: Attempt): Promise<StoredArchive> {
  const { deps, request, meter } = attempt
  const failure = new AbortController()
  const signal = AbortSignal.any([attempt.signal, failure.signal])
  const readings = deps.sources.map((source) => ({
    source,
    reading: source.read({ signal, logger: deps.logger }),
  }))
  const packed = packArchive(
    readings.map(({ source, reading }) => archivePart(attempt, source, reading)),
    {
      compression: request.plan.compression,
      signal,
      ...(request.plan.cpus === null ? {} : { concurrency: request.plan.cpus }),
      beforeEnd: async () => assertWhole(packed, readings),
    },
  )
  const stop = (error: unknown): never => {
    failure.abort(error)
    throw error
  }
  const uploads = await Promise.allSettled([
    storeVolumes(attempt, packed, signal).catch(stop),
    deps.storage
      .upload(indexKey(request.plan.name, attempt.backup), packed.index, { signal, concurrency: 1 })
      .catch(stop),
  ])
  // Both are at rest here; the first cause is what aborted the other.
  if (failure.signal.aborted) throw failure.signal.reason
  const [volumes, index] = uploads
  if (volumes.status === 'rejected') throw volumes.reason
  if (index.status === 'rejected') throw index.reason
  meter.bytesStored = sum(volumes.value) + index.value.bytes
  return { packed, readings, volumes: volumes.value, index: index.value }
}

function archivePart(attempt: Attempt, source: Source, reading: SourceReading): ArchivePart {
  const label = source.at || source.kind
  const watched = withIdleTimeout(reading.segments, {
    stage: `source ${label}`,
    idleMs: attempt.request.plan.idleTimeout.sourceMs,
    remedy: 'See why the source stands still, or raise idleTimeout of the plan.',
  })
  return { label, segments: attempt.meter.count(watched) }
}

/** The gate: the archive may end only if every source ended well and the counts agree. */
function assertWhole(packed: PackedArchive, readings: StoredArchive['readings']): void {
  const parts = packed.summary().parts
  readings.forEach(({ source, reading }, at) => {
    const told = reading.summary()
    const seen = parts[at]
    if (seen && seen.entries === told.entries && seen.bytes === told.bytes) return
    throw new BackupError(
      'count-mismatch',
      `The source ${source.at || source.kind} says ${told.entries} entries of ${told.bytes} bytes, but ${seen?.entries} entries of ${seen?.bytes} bytes were packed`,
      { remedy: 'Report this: it is a fault of the source, and no backup was made of it.' },
    )
  })
}

async function storeVolumes(
  attempt: Attempt,
  packed: PackedArchive,
  signal: AbortSignal,
): Promise<StoredObject[]> {
  const { storage } = attempt.deps
  const stored: StoredObject[] = []
  for await (const body of splitVolumes(packed.body, storage.capabilities.maxObjectBytes)) {
    const key = archiveKey(
      { plan: attempt.request.plan.name, backup: attempt.backup },
      attempt.request.plan.compression.algorithm,
      stored.length,
    )
    const before = sum(stored)
    const object = await storage.upload(key, body, {
      signal,
      onStored: (bytes) => {
        attempt.meter.bytesStored = before + bytes
      },
    })
    stored.push(object)
  }
  return stored
}

async function storeGuide(attempt: Attempt, stored: StoredArchive): Promise<void> {
  const { plan } = attempt.request
  const guide = renderRestoreGuide({
    plan: plan.name,
    backup: attempt.backup,
    location: attempt.deps.storage.location,
    algorithm: plan.compression.algorithm,
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
): Promise<'cleaned' | 'committed' | 'failed'> {
  const { deps, request, backup, meter } = attempt
  meter.phase = 'cleaning'
  // A fresh signal: the one that was aborted would cut the clean-up too.
  const signal = AbortSignal.timeout(cleanUpMs)
  const reason = cause instanceof BackstreamError ? cause.code : 'failed'
  try {
    const report = await cleanUpAttempt(
      deps.storage,
      { plan: request.plan.name, backup, by: `worker ${request.run.worker}`, reason },
      { clock: deps.clock, signal },
    )
    attempt.step(
      report.outcome === 'committed'
        ? `backup ${backup} had been committed after all: left as it is`
        : `cleaned up ${backup}: ${report.abortedUploads} upload(s) aborted, ${report.deletedObjects} object(s) deleted`,
    )
    return report.outcome
  } catch (error) {
    deps.logger.warn({ plan: request.plan.name, backup, err: error }, 'clean-up failed')
    request.onStep?.(`clean-up of ${backup} failed and is left to the queue: ${String(error)}`)
    await request.onCleanUpFailed?.(backup, error).catch((failed: unknown) => {
      deps.logger.error({ backup, err: failed }, 'the clean-up could not be handed on')
    })
    return 'failed'
  }
}

function sum(objects: readonly { readonly bytes: number }[]): number {
  return objects.reduce((total, { bytes }) => total + bytes, 0)
}
