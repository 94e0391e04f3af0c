/**
 * The commit slot: `<plan>/<id>.json` is taken by a manifest or by a void, never by both.
 *
 * A committer puts its manifest there with "only if absent". Whoever wants to remove an attempt's
 * objects puts a void there first, the same way. Whichever came first stands: the other reads it and
 * gives way. An answer that leaves the outcome open is settled by reading the slot back.
 */
import type { Clock } from '@backstream/kernel'
import { isStorageError, type Storage, StorageError } from '@backstream/storage'
import { BackupError } from './errors.ts'
import { slotKey } from './layout.ts'
import {
  type Manifest,
  manifestFormat,
  parseSlot,
  type SlotContent,
  type SlotVoid,
  serializeSlot,
} from './manifest.ts'

/** Manifests and voids are a few KiB; more than this is not one of ours. */
const maxSlotBytes = 4 * 1024 * 1024

/** What stands in the slot, with its bytes; undefined when it is free. */
export async function readSlot(
  storage: Storage,
  key: string,
  signal?: AbortSignal,
): Promise<(SlotContent & { readonly bytes: Uint8Array }) | undefined> {
  const bytes = await readSmallObject(storage, key, signal)
  return bytes && { ...parseSlot(key, bytes), bytes }
}

/** The manifest of a backup; undefined when its slot is free or void. */
export async function readManifest(
  storage: Storage,
  at: { readonly plan: string; readonly backup: string },
  signal?: AbortSignal,
): Promise<Manifest | undefined> {
  const slot = await readSlot(storage, slotKey(at.plan, at.backup), signal)
  return slot?.kind === 'manifest' ? slot.manifest : undefined
}

/** Bytes of an object of a few KiB, or undefined when there is none. */
export async function readSmallObject(
  storage: Storage,
  key: string,
  signal?: AbortSignal,
): Promise<Uint8Array | undefined> {
  try {
    const object = await storage.get(key, { signal, range: { start: 0, end: maxSlotBytes } })
    const chunks: Uint8Array[] = []
    for await (const chunk of object.body) chunks.push(chunk)
    return Buffer.concat(chunks)
  } catch (error) {
    if (isStorageError(error, 'not-found')) return undefined
    throw error
  }
}

/**
 * Commits: returns when the slot holds exactly this manifest.
 *
 * Rejects with `slot-voided` when the attempt was given up by somebody else, and with `slot-taken`
 * when another manifest stands there. Any other rejection leaves the outcome open.
 */
export async function commitManifest(
  storage: Storage,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const key = slotKey(manifest.plan, manifest.backup)
  const bytes = serializeSlot(manifest)
  try {
    await storage.put(key, bytes, { ifAbsent: true, signal, contentType: 'application/json' })
  } catch (error) {
    if (!isOpen(error)) throw error
    await settle(storage, { key, bytes, cause: error, signal })
  }
  return bytes
}

function isOpen(error: unknown): boolean {
  return (
    isStorageError(error, 'already-exists') ||
    isStorageError(error, 'unknown-outcome') ||
    isStorageError(error, 'unavailable') ||
    isStorageError(error, 'timeout') ||
    isStorageError(error, 'network')
  )
}

async function settle(
  storage: Storage,
  put: { key: string; bytes: Uint8Array; cause: unknown; signal: AbortSignal },
): Promise<void> {
  const slot = await readSlot(storage, put.key, put.signal)
  if (!slot) throw put.cause
  if (slot.kind === 'void') {
    throw new BackupError('slot-voided', `This attempt was given up: ${slot.void.reason}`, {
      cause: put.cause,
    })
  }
  if (Buffer.compare(slot.bytes, put.bytes) !== 0) {
    throw new BackupError('slot-taken', `Another manifest stands at ${put.key}`, {
      cause: put.cause,
      permanent: true,
    })
  }
}

export interface VoidRequest {
  readonly plan: string
  readonly backup: string
  /** Who gives it up: `worker nas`, `failed-run handler`. */
  readonly by: string
  readonly reason: string
}

/**
 * Makes sure the attempt can never be committed.
 *
 * `voided`: it is void now, by us or by an earlier call. `committed`: a manifest stands there, so
 * nothing of it may be touched.
 */
export async function voidSlot(
  storage: Storage,
  request: VoidRequest,
  options: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<'voided' | 'committed'> {
  const key = slotKey(request.plan, request.backup)
  // Looked at first, since a store that ignores "only if absent" would let the void replace a manifest.
  const before = await readSlot(storage, key, options.signal)
  if (before) return before.kind === 'void' ? 'voided' : 'committed'
  const content: SlotVoid = {
    format: manifestFormat,
    void: true,
    by: request.by,
    reason: request.reason,
    at: new Date(options.clock.now()).toISOString(),
  }
  try {
    await storage.put(key, serializeSlot(content), {
      ifAbsent: true,
      signal: options.signal,
      contentType: 'application/json',
    })
    return 'voided'
  } catch (error) {
    if (!isOpen(error)) throw error
    const slot = await readSlot(storage, key, options.signal)
    if (slot) return slot.kind === 'void' ? 'voided' : 'committed'
    throw error instanceof StorageError && error.code !== 'already-exists'
      ? error
      : new StorageError('unknown-outcome', `The slot ${key} could not be settled`, {
          cause: error,
        })
  }
}
