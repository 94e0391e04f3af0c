/**
 * All backups of a plan at a glance: what the overview needs of each, some two hundred bytes however
 * large its manifest is. A look at what was looked at before costs one listing and nothing else.
 */
import { parseBackupId } from '@backstream/kernel'
import type { Storage } from '@backstream/storage'
import { BackupError } from './errors.ts'
import {
  changedSince,
  type GlanceCache,
  placeOf,
  recallGlances,
  worthAsking,
} from './glance-cache.ts'
import { planPrefix, slotKey } from './layout.ts'
import type { Manifest } from './manifest.ts'
import { contentBytesOf, storedBytesOf } from './manifest-sizes.ts'
import { mapBatches } from './map-batches.ts'
import { type NoteRef, parseNoteKey } from './notes.ts'
import { byFenceDescending } from './plan-history.ts'
import { readSlot } from './slot.ts'
import { readFacts, type StandingFacts } from './standing.ts'

export interface BackupGlance extends StandingFacts {
  readonly backup: string
  readonly startedAtMs: number
  readonly finishedAtMs: number
  readonly bytes: number
  readonly storedBytes: number
  /** Which rule found it suspect, and what it found; null when none did. */
  readonly suspicion: string | null
  readonly status: Manifest['status']
  readonly trigger: Manifest['trigger']
  readonly entries: number
}

export interface PlanGlances {
  /** Newest first. */
  readonly glances: readonly BackupGlance[]
  /** Manifests that are there but cannot be used. They count as no backup. */
  readonly unreadable: readonly UnreadableSlot[]
}

export interface UnreadableSlot {
  readonly backup: string
  readonly message: string
}

/** What was seen of one plan, by backup id. Forgets what is listed no more. */
export type GlanceMemory = Map<string, Seen>

export interface GlanceOptions {
  readonly signal?: AbortSignal
  /** Read no more than the newest so many slots. */
  readonly limit?: number
  readonly memory?: GlanceMemory
  /** Asked for what `memory` does not know, where that is much; told what is new. */
  readonly cache?: GlanceCache
  /** Called for each step forward, so that a store that stands still can be told from a slow one. */
  readonly onProgress?: () => void
}

export interface Seen {
  /** Of the slot: a void may follow a manifest that was pruned. */
  readonly etag: string | null
  readonly slot: SlotGlance
  /** Keys of the notes that `facts` came from. */
  readonly notes: string
  readonly facts: StandingFacts | null
}
type SlotGlance = Omit<BackupGlance, keyof StandingFacts>
type SlotLook = SlotGlance | 'void' | UnreadableSlot

export async function readGlances(
  storage: Storage,
  plan: string,
  options: GlanceOptions = {},
): Promise<PlanGlances> {
  const { slots, notes } = await listPlan(storage, plan, options)
  const { memory = new Map(), cache } = options
  for (const id of memory.keys()) if (!slots.has(id)) memory.delete(id)
  const place = placeOf(storage.location, plan)
  const unknown = [...slots.keys()].filter((id) => !memory.has(id)).length
  const isMuch = cache !== undefined && unknown >= worthAsking
  const gone = isMuch ? await recallGlances(cache, place, { memory, ids: slots }) : []
  const before = new Map(memory)
  const wanted = [...slots.keys()].sort(byFenceDescending).slice(0, options.limit ?? slots.size)
  const looks = await mapBatches(wanted, (backup) => {
    const at = { plan, backup, etag: slots.get(backup) ?? null, notes: notes.get(backup) ?? [] }
    return lookAt(storage, at, { ...options, memory })
  })
  if (isMuch) await cache.keep(place, { changed: changedSince(before, memory), gone })
  return {
    glances: looks.filter(isGlance),
    unreadable: looks.filter(isUnreadable),
  }
}

type GlanceLook = BackupGlance | 'void' | UnreadableSlot

function isGlance(look: GlanceLook): look is BackupGlance {
  return look !== 'void' && !isUnreadable(look)
}

function isUnreadable(look: GlanceLook): look is UnreadableSlot {
  return look !== 'void' && 'message' in look
}

/** One listing tells slots and notes. */
async function listPlan(storage: Storage, plan: string, options: GlanceOptions) {
  const prefix = planPrefix(plan)
  const slots = new Map<string, string | null>()
  const notes = new Map<string, NoteRef[]>()
  for await (const { key, etag = null } of storage.list(prefix, { signal: options.signal })) {
    options.onProgress?.()
    const id = /^([^/]+)\.json$/.exec(key.slice(prefix.length))?.[1]
    if (id !== undefined && parseBackupId(id)) slots.set(id, etag)
    const note = parseNoteKey(key)
    if (note) notes.set(note.backup, [...(notes.get(note.backup) ?? []), note])
  }
  return { slots, notes }
}

interface At {
  readonly plan: string
  readonly backup: string
  readonly etag: string | null
  readonly notes: readonly NoteRef[]
}

async function lookAt(
  storage: Storage,
  at: At,
  options: GlanceOptions & { readonly memory: GlanceMemory },
): Promise<GlanceLook> {
  const { memory, signal } = options
  const reading = signal ? { signal } : {}
  const remembered = memory.get(at.backup)
  const known = remembered?.etag === at.etag ? remembered : undefined
  const slot = known?.slot ?? (await lookInSlot(storage, at, signal))
  options.onProgress?.()
  if (slot === 'void' || 'message' in slot) return slot
  const notes = at.notes.map(({ key }) => key.slice(key.lastIndexOf('/'))).join('')
  const facts =
    known?.facts && known.notes === notes
      ? known.facts
      : await readFacts(storage, { status: slot.status, notes: at.notes.toSorted(byTime) }, reading)
  if (facts !== known?.facts) memory.set(at.backup, { etag: at.etag, slot, notes, facts })
  return { ...slot, ...facts }
}

function byTime(a: NoteRef, b: NoteRef): number {
  return a.atMs - b.atMs
}

/** A void may yet be removed, and one that cannot be read may be mended: neither is remembered. */
async function lookInSlot(
  storage: Storage,
  { plan, backup }: At,
  signal: AbortSignal | undefined,
): Promise<SlotLook> {
  try {
    const slot = await readSlot(storage, slotKey(plan, backup), signal)
    return slot?.kind === 'manifest' ? glanceAt(slot.manifest) : 'void'
  } catch (error) {
    if (error instanceof BackupError) return { backup, message: error.message }
    throw error
  }
}

function glanceAt(manifest: Manifest): SlotGlance {
  const [first] = manifest.suspect
  return {
    backup: manifest.backup,
    startedAtMs: Date.parse(manifest.run.startedAt),
    finishedAtMs: Date.parse(manifest.run.finishedAt),
    bytes: contentBytesOf(manifest),
    storedBytes: storedBytesOf(manifest),
    suspicion: first
      ? `${first.rule}: expected ${first.expected}, found ${first.found}`
      : manifest.status === 'suspect'
        ? 'suspect'
        : null,
    status: manifest.status,
    trigger: manifest.trigger,
    entries: manifest.content.entries,
  }
}
