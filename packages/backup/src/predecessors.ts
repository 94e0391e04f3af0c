import { createHash } from 'node:crypto'
import type { Storage } from '@backstream/storage'
import { BackupError } from './errors.ts'
import { slotKey } from './layout.ts'
import type { Manifest } from './manifest.ts'
import { readSlot } from './slot.ts'
import { readStanding } from './standing.ts'

/** What a new backup is measured by, as it was when the attempt began. */
export interface Predecessors {
  /** The newest manifest, by its hash: a chain in which a removed backup shows. */
  readonly previous: Manifest['previous']
  /** The newest backup that may be relied on. */
  readonly lastGood: Manifest | null
}

/**
 * Looks back through a plan's slots, newest first, until both are found. What stands in a slot and
 * cannot be read is passed over: it must not keep the plan from being backed up.
 */
export async function readPredecessors(
  storage: Storage,
  known: { readonly plan: string; readonly slots: readonly string[] },
  signal: AbortSignal,
): Promise<Predecessors> {
  let previous: Manifest['previous'] = null
  for (const backup of known.slots) {
    const found = await look(storage, slotKey(known.plan, backup), signal)
    if (!found) continue
    previous ??= { backup, sha256: found.sha256 }
    if (found.isGood) return { previous, lastGood: found.manifest }
  }
  return { previous, lastGood: null }
}

interface Found {
  readonly manifest: Manifest
  readonly sha256: string
  readonly isGood: boolean
}

async function look(
  storage: Storage,
  key: string,
  signal: AbortSignal,
): Promise<Found | undefined> {
  const slot = await unlessUnreadable(readSlot(storage, key, signal))
  if (slot?.kind !== 'manifest') return undefined
  const { manifest, bytes } = slot
  const standing = await unlessUnreadable(readStanding(storage, manifest, signal))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { manifest, sha256, isGood: standing?.isGood === true }
}

async function unlessUnreadable<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof BackupError) return undefined
    throw error
  }
}
