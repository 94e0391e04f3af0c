/**
 * The commit slot: `<plan>/<id>.json` is taken by a manifest or by a void, never by both.
 *
 * A committer puts its manifest there with "only if absent". Whoever wants to remove an attempt's
 * objects puts a void there first, the same way. Whichever came first stands: the other reads it and
 * gives way. An answer that leaves the outcome open is settled by reading the slot back.
 */
import type { Clock } from '@backstream/kernel'
import { isStorageError, type Storage, StorageError } from '@backstream/storage'
import { slotKey } from './layout.ts'
import {
  type Manifest,
  manifestFormat,
  parseSlot,
  type SlotContent,
  type SlotVoid,
  serializeSlot,
} from './manifest.ts'
import { readSmallObject } from './small-object.ts'

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

/** Whether a put that failed so may have been done all the same, or found somebody else's object. */
export function isOpen(error: unknown): boolean {
  return (
    isStorageError(error, 'already-exists') ||
    isStorageError(error, 'unknown-outcome') ||
    isStorageError(error, 'unavailable') ||
    isStorageError(error, 'timeout') ||
    isStorageError(error, 'network')
  )
}

export interface VoidRequest {
  readonly plan: string
  readonly backup: string
  /** Who gives it up: `worker nas`, `failed-run handler`. */
  readonly by: string
  readonly reason: string
}

export type VoidOutcome =
  | { readonly outcome: 'voided'; readonly voidedAtMs: number }
  | { readonly outcome: 'committed' }

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
): Promise<VoidOutcome> {
  const key = slotKey(request.plan, request.backup)
  // Looked at first, since a store that ignores "only if absent" would let the void replace a manifest.
  const before = await readSlot(storage, key, options.signal)
  if (before) return outcomeOf(before)
  const content = voidOf(request, options.clock)
  try {
    await storage.put(key, serializeSlot(content), {
      ifAbsent: true,
      signal: options.signal,
      contentType: 'application/json',
    })
    return outcomeOf({ kind: 'void', void: content })
  } catch (error) {
    if (!isOpen(error)) throw error
    const slot = await readSlot(storage, key, options.signal)
    if (slot) return outcomeOf(slot)
    throw error instanceof StorageError && error.code !== 'already-exists'
      ? error
      : new StorageError('unknown-outcome', `The slot ${key} could not be settled`, {
          cause: error,
        })
  }
}

/** A void stays under a kilobyte: the sweep tells it from a manifest by its size. */
export function voidOf({ by, reason }: VoidRequest, clock: Clock): SlotVoid {
  return {
    format: manifestFormat,
    void: true,
    by: by.slice(0, 100),
    reason: reason.slice(0, 100),
    at: new Date(clock.now()).toISOString(),
  }
}

function outcomeOf(slot: SlotContent): VoidOutcome {
  if (slot.kind === 'manifest') return { outcome: 'committed' }
  return { outcome: 'voided', voidedAtMs: Date.parse(slot.void.at) }
}
