/**
 * A drill restores a backup into a scratch place, as one would on the day it is needed, and checks what
 * is there afterwards. How long the restore took is the measured recovery time.
 */
import { type Clock, describeError } from '@backstream/kernel'
import type { DrilledDatabase } from '@backstream/sources'
import { isTransient, type Storage } from '@backstream/storage'
import type { ReadingOptions } from './decrypt-archive.ts'
import { checkRestored, type DrillChecks } from './drill-checks.ts'
import { drillDatabases } from './drill-databases.ts'
import type { Manifest } from './manifest.ts'
import { type RestoreProgress, restoreBackup } from './restore-backup.ts'

export interface DrillRequest extends ReadingOptions {
  readonly manifest: Manifest
  /** New or empty; stays as it is afterwards. */
  readonly to: string
  readonly checks: DrillChecks
  /** Of this process; the command of the checks gets a small part of it. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly keepOwners: boolean
  /** In [0, 1): which files are hashed. */
  readonly random: () => number
  /** Sources whose dumps go into scratch databases, beside the scratch place. */
  readonly databases?: readonly DrilledDatabase[]
  /** Whether there is nothing else, so that nothing need be restored as files. */
  readonly isDatabasesOnly?: boolean
  readonly onProgress?: (progress: RestoreProgress) => void
}

export interface DrillReport {
  /** From the first byte asked for until every byte was compared and written. */
  readonly restoreMs: number
  /** Content bytes written. */
  readonly bytes: number
  /** In the order they were made; the first is the restore itself, into a directory or databases. */
  readonly checks: readonly DrillCheck[]
  readonly isPassed: boolean
}

export interface DrillCheck {
  readonly name:
    | 'restore'
    | 'databases'
    | 'rows'
    | 'integrity'
    | 'counts'
    | 'present'
    | 'files'
    | 'sample'
    | 'command'
  readonly isPassed: boolean
  /** What was found. */
  readonly words: string
}

/**
 * Resolves with what was found, a backup that does not restore included: also when it is the key that
 * does not fit, or the scratch place that has no room. Rejects where another attempt may find more:
 * the store cannot be reached, the signal was aborted.
 */
export async function drillBackup(
  storage: Storage,
  request: DrillRequest,
  clock: Clock,
): Promise<DrillReport> {
  const startedMs = clock.monotonicMs()
  const elapsed = () => Math.round(clock.monotonicMs() - startedMs)
  const files = request.isDatabasesOnly
    ? { bytes: 0, checks: [] }
    : await orFailed('restore', request, () => restoreFiles(storage, request))
  if ('isPassed' in files) {
    return { restoreMs: elapsed(), bytes: 0, checks: [files], isPassed: false }
  }
  const databases = await orFailed('databases', request, () => drillDatabases(storage, request))
  const restoreMs = elapsed()
  const into = 'isPassed' in databases ? { bytes: 0, checks: [databases] } : databases
  const checked = request.isDatabasesOnly
    ? []
    : await orFailed('counts', request, () => checkRestored(storage, request))
  const checks = [...files.checks, ...into.checks, ...('isPassed' in checked ? [checked] : checked)]
  const bytes = files.bytes + into.bytes
  return { restoreMs, bytes, checks, isPassed: checks.every(({ isPassed }) => isPassed) }
}

async function restoreFiles(
  storage: Storage,
  request: DrillRequest,
): Promise<{ readonly bytes: number; readonly checks: readonly DrillCheck[] }> {
  const { bytes, entries } = await restoreBackup(storage, request)
  const words = `${entries} entries restored and compared`
  return { bytes, checks: [{ name: 'restore', isPassed: true, words }] }
}

/** An error that says something of the backup, the key or the place is a check that failed. */
async function orFailed<T>(
  name: DrillCheck['name'],
  { signal }: DrillRequest,
  work: () => Promise<T>,
): Promise<T | DrillCheck> {
  try {
    return await work()
  } catch (error) {
    signal.throwIfAborted()
    if (isTransient(error)) throw error
    return { name, isPassed: false, words: describeError(error) }
  }
}
