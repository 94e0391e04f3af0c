import { createHash } from 'node:crypto'
import type { Storage } from '@backstream/storage'
import { BackupError } from './errors.ts'
import { slotKey } from './layout.ts'
import type { Manifest, SlotVoid } from './manifest.ts'
import { mapBatches } from './map-batches.ts'
import { listPlanNotes, type Note, type NoteRef, readNote } from './notes.ts'
import { readPlanHistory } from './plan-history.ts'
import { type PruneRecord, readPruneRecords } from './prune-record.ts'
import { readSlot } from './slot.ts'

/** All that the bucket tells of a plan's past. */
export interface PlanEvidence {
  readonly plan: string
  /** By backup id. */
  readonly manifests: ReadonlyMap<string, ReadManifest>
  readonly voids: ReadonlyMap<string, SlotVoid>
  readonly unreadable: readonly string[]
  readonly pruned: ReadonlyMap<string, PruneRecord>
  /** Verifications, drills, pins and the rest, oldest first. */
  readonly notes: readonly Note[]
  /** The highest fence of any key: so many attempts were begun. */
  readonly highestFence: number
}

export interface ReadManifest {
  readonly manifest: Manifest
  /** Of its bytes as they stand. */
  readonly sha256: string
}

export async function readEvidence(
  storage: Storage,
  plan: string,
  signal: AbortSignal,
): Promise<PlanEvidence> {
  const { slots, highestFence } = await readPlanHistory(storage, plan, signal)
  const manifests = new Map<string, ReadManifest>()
  const voids = new Map<string, SlotVoid>()
  const unreadable: string[] = []
  await mapBatches(slots, async (backup) => {
    const slot = await lookInto(storage, slotKey(plan, backup), signal)
    if (slot === 'unreadable') unreadable.push(backup)
    else if (slot?.kind === 'void') voids.set(backup, slot.void)
    else if (slot) {
      const sha256 = createHash('sha256').update(slot.bytes).digest('hex')
      manifests.set(backup, { manifest: slot.manifest, sha256 })
    }
  })
  const refs = [...(await listPlanNotes(storage, plan, signal)).values()].flat()
  return {
    ...{ plan, manifests, voids, unreadable, highestFence },
    pruned: await readPruneRecords(storage, plan, signal),
    notes: await readNotes(storage, refs, signal),
  }
}

async function lookInto(storage: Storage, key: string, signal: AbortSignal) {
  try {
    return await readSlot(storage, key, signal)
  } catch (error) {
    if (error instanceof BackupError) return 'unreadable'
    throw error
  }
}

async function readNotes(
  storage: Storage,
  refs: readonly NoteRef[],
  signal: AbortSignal,
): Promise<Note[]> {
  const notes = await mapBatches(refs, async (ref) => {
    try {
      return await readNote(storage, ref, signal)
    } catch (error) {
      // What is no note of ours tells nothing.
      if (error instanceof BackupError) return undefined
      throw error
    }
  })
  return notes.flatMap((note) => (note ? [note] : [])).sort((a, b) => (a.at < b.at ? -1 : 1))
}
