import type { Clock } from '@backstream/kernel'
import { isStorageError, type Storage } from '@backstream/storage'
import { BackupError } from './errors.ts'
import { backupPrefix, slotKey } from './layout.ts'
import { listNotes } from './notes.ts'
import { type Removal, removeAttempt } from './remove-attempt.ts'
import { readSlot, type VoidRequest, voidSlot } from './slot.ts'

export interface CleanUpReport {
  /**
   * `committed`: a manifest stands, or stood until it was pruned, so nothing was touched. `voided`: it
   * can never be committed; its objects stay until the void is old enough (see `graceMs`).
   */
  readonly outcome: 'cleaned' | 'committed' | 'voided'
  readonly abortedUploads: number
  readonly deletedObjects: number
}

export interface CleanUpOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  /**
   * On a store without conditional put, how old the void must be before objects are removed: another
   * process may be putting the manifest over it right now. 0 for the attempt's own clean-up, which
   * knows that nobody does. Default 24 h.
   */
  readonly graceMs?: number
}

/** How long what nobody accounts for is left alone, unless somebody says otherwise. */
export const defaultSweepGraceMs: number = 24 * 3_600_000
const nothing = { abortedUploads: 0, deletedObjects: 0 }

/**
 * Removes what one attempt left: voids its slot, aborts its uploads, deletes its objects.
 *
 * Touches only keys that an attempt of this name makes. Idempotent. Rejects with
 * `clean-up-incomplete` when anything is left: permanent when it may not be removed, else it must be
 * called again. On a versioned bucket every version goes, so that no bytes stay behind.
 */
export async function cleanUpAttempt(
  storage: Storage,
  attempt: VoidRequest,
  options: CleanUpOptions,
): Promise<CleanUpReport> {
  if (await wasPruned(storage, attempt, options.signal)) return { outcome: 'committed', ...nothing }
  const done = await voidAndRemove(storage, attempt, options)
  if (done.outcome !== 'removed') return { outcome: done.outcome, ...nothing }
  if (done.removal.failures.length > 0) throw incomplete(storage, attempt, done.removal)
  const { abortedUploads, deletedObjects } = done.removal
  return { outcome: 'cleaned', abortedUploads, deletedObjects }
}

export type VoidAndRemoved =
  | { readonly outcome: 'committed' | 'voided' }
  | { readonly outcome: 'removed'; readonly removal: Removal }

/** The same for whoever knows that it was not pruned, or was; what is left is told, not thrown. */
export async function voidAndRemove(
  storage: Storage,
  attempt: VoidRequest,
  options: CleanUpOptions,
): Promise<VoidAndRemoved> {
  const { clock, signal, graceMs = defaultSweepGraceMs } = options
  const slot = await voidSlot(storage, attempt, options)
  if (slot.outcome === 'committed') return { outcome: 'committed' }
  const isYoung = clock.now() - slot.voidedAtMs < graceMs
  if (isYoung && !(await honoursCondition(storage, attempt, signal))) return { outcome: 'voided' }
  return { outcome: 'removed', removal: await removeAttempt(storage, attempt, signal) }
}

/** Pruning removes the manifest and leaves the rest: that is the sweep's, after its grace. */
async function wasPruned(
  storage: Storage,
  attempt: VoidRequest,
  signal: AbortSignal,
): Promise<boolean> {
  const notes = await listNotes(storage, attempt, signal)
  if (!notes.some(({ kind }) => kind === 'pruned')) return false
  return (await readSlot(storage, slotKey(attempt.plan, attempt.backup), signal)) === undefined
}

/** A store tells what it honours when it is put to it; the void that stands keeps the put out. */
async function honoursCondition(
  storage: Storage,
  { plan, backup }: VoidRequest,
  signal: AbortSignal,
): Promise<boolean> {
  if (storage.capabilities.conditionalPut) return true
  const key = slotKey(plan, backup)
  try {
    const slot = await readSlot(storage, key, signal)
    if (slot?.kind === 'void') await storage.put(key, slot.bytes, { ifAbsent: true, signal })
  } catch (error) {
    if (!isStorageError(error, 'already-exists')) throw error
  }
  return storage.capabilities.conditionalPut
}

function incomplete(storage: Storage, attempt: VoidRequest, { failures }: Removal): BackupError {
  const isDenied = failures.every(
    ({ error }) => isStorageError(error, 'access-denied') || isStorageError(error, 'locked'),
  )
  const [first] = failures
  return new BackupError(
    'clean-up-incomplete',
    `${failures.length} of the objects and uploads below ${storage.location}/${backupPrefix(attempt.plan, attempt.backup)} could not be removed, first ${first?.key}`,
    {
      cause: new AggregateError(
        failures.map(({ error }) => error),
        first?.error instanceof Error ? first.error.message : String(first?.error),
      ),
      permanent: isDenied,
      remedy: isDenied
        ? 'Give `maintenance` of the storage the right to delete; what is locked goes when its lock ends.'
        : 'It is tried again, and at last by the sweep.',
    },
  )
}
