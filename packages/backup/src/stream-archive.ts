import { type ArchivePart, type PackedArchive, packArchive } from '@backstream/archive'
import type { Source, SourceReading } from '@backstream/sources'
import { isStorageError, type StoredObject, type UploadOptions } from '@backstream/storage'
import type { Attempt } from './attempt.ts'
import type { StoredArchive } from './backup-request.ts'
import { encryptArchive, type SealedArchive } from './encrypt-archive.ts'
import { BackupError } from './errors.ts'
import { type ArchiveForm, archiveKey, type BackupRef, indexKey } from './layout.ts'
import { splitVolumes } from './volumes.ts'
import { withIdleTimeout } from './watchdog.ts'

/** Reads the sources once, into the archive's volumes and the index beside them. */
export async function streamArchive(attempt: Attempt): Promise<StoredArchive> {
  const { deps, request, meter } = attempt
  const failure = new AbortController()
  const signal = AbortSignal.any([attempt.signal, failure.signal])
  const readings = deps.sources.map((source) => ({
    source,
    reading: source.read({ signal, logger: deps.logger, note: attempt.step }),
  }))
  const packed = packArchive(
    readings.map(({ source, reading }) => archivePart(attempt, source, reading)),
    {
      compression: request.plan.compression,
      // An upload keeps no chunk: see `Storage.upload`.
      reusesMemory: true,
      signal,
      ...(request.plan.cpus === null ? {} : { concurrency: request.plan.cpus }),
      beforeEnd: async () => assertWhole(packed, readings),
    },
  )
  const sealed = watchCompression(attempt, encryptArchive(packed, request.plan.encryption))
  const stop = (error: unknown): never => {
    failure.abort(error)
    throw error
  }
  const index = indexKey(refOf(attempt), formOf(attempt))
  const uploads = await Promise.allSettled([
    storeVolumes(attempt, sealed, signal).catch(stop),
    deps.storage
      .upload(index, sealed.index, { signal, concurrency: 1, ...observed(attempt, index) })
      .catch(stop),
  ])
  // Both are at rest here; the first cause is what aborted the other.
  if (failure.signal.aborted) throw failure.signal.reason
  const [volumes, storedIndex] = uploads
  if (volumes.status === 'rejected') throw volumes.reason
  if (storedIndex.status === 'rejected') throw storedIndex.reason
  meter.bytesStored = totalBytes(volumes.value) + storedIndex.value.bytes
  const { encryption } = sealed
  return { packed, readings, volumes: volumes.value, index: storedIndex.value, encryption }
}

function observed({ request: { observer } }: Attempt, key: string): Pick<UploadOptions, 'onPart'> {
  return observer ? { onPart: (part) => observer.onPart({ key, ...part }) } : {}
}

function archivePart(attempt: Attempt, source: Source, reading: SourceReading): ArchivePart {
  const label = source.at || source.kind
  const watched = withIdleTimeout(attempt.meter.stages.fromSource(reading.segments), {
    stage: `source ${label}`,
    idleMs: attempt.request.plan.idleTimeout.sourceMs,
    remedy: 'See why the source stands still, or raise idleTimeout of the plan.',
  })
  return {
    label,
    segments: attempt.meter.count(watched),
    warnings: () => reading.summary().warnings,
  }
}

/** What stands still while the source has answered and the upload asks for more. */
function watchCompression({ meter, request }: Attempt, sealed: SealedArchive): SealedArchive {
  const { stages } = meter
  const body = withIdleTimeout(sealed.body, {
    stage: 'compression',
    idleMs: request.plan.idleTimeout.sourceMs,
    remedy: 'See what keeps the processor of this machine busy, or raise idleTimeout of the plan.',
    isExcused: () => stages.isWaitingFor('source'),
  })
  return { ...sealed, body: stages.toUpload(body) }
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
  sealed: SealedArchive,
  signal: AbortSignal,
): Promise<StoredObject[]> {
  const { storage } = attempt.deps
  const stored: StoredObject[] = []
  for await (const body of splitVolumes(sealed.body, storage.capabilities.maxObjectBytes)) {
    const key = archiveKey(refOf(attempt), formOf(attempt), stored.length)
    const before = totalBytes(stored)
    const onStored = (bytes: number) => {
      attempt.meter.bytesStored = before + bytes
    }
    const options = { signal, onStored, ...observed(attempt, key) }
    const object = await storage.upload(key, body, options).catch(nameUpload)
    stored.push(object)
  }
  return stored
}

/** A store that does not answer is a stage that stands still, like any other. */
function nameUpload(error: unknown): never {
  if (!isStorageError(error) || error.providerCode !== 'TimeoutError') throw error
  throw new BackupError('idle', 'The upload stands still', {
    cause: error,
    remedy: 'See why the store does not answer, or raise idleTimeout of the plan.',
  })
}

function refOf({ request, backup }: Attempt): BackupRef {
  return { plan: request.plan.name, backup }
}

function formOf({ request: { plan } }: Attempt): ArchiveForm {
  return { algorithm: plan.compression.algorithm, isEncrypted: plan.encryption !== null }
}

export function totalBytes(objects: readonly { readonly bytes: number }[]): number {
  return objects.reduce((total, { bytes }) => total + bytes, 0)
}
