/**
 * All backups of a plan at a glance: what the overview needs of each, some two hundred bytes however
 * large its manifest is. A look at what was looked at before costs one listing and nothing else.
 */
import { parseBackupId } from '@backstream/kernel'
import type { Storage } from '@backstream/storage'
import { BackupError } from './errors.ts'
import { planPrefix, slotKey } from './layout.ts'
import type { Manifest } from './manifest.ts'
import { contentBytesOf, storedBytesOf } from './manifest-sizes.ts'
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
}

export interface PlanGlances {
  /** Newest first. */
  readonly glances: readonly BackupGlance[]
  /** Manifests that are there but cannot be used. They count as no backup. */
  readonly unreadable: number
}

/** What was seen of one plan, by backup id. Forgets what is listed no more. */
export type GlanceMemory = Map<string, Seen>

export interface GlanceOptions {
  readonly signal?: AbortSignal
  /** Read no more than the newest so many slots. */
  readonly limit?: number
  readonly memory?: GlanceMemory
  /** Called for each step forward, so that a store that stands still can be told from a slow one. */
  readonly onProgress?: () => void
}

interface Seen {
  readonly slot: SlotGlance
  /** Keys of the notes that `facts` came from. */
  readonly notes: string
  readonly facts: StandingFacts | null
}
type SlotGlance = Omit<BackupGlance, keyof StandingFacts> & Pick<Manifest, 'status'>
type SlotLook = SlotGlance | 'void' | 'unreadable'

const readsAtATime = 8

export async function readGlances(
  storage: Storage,
  plan: string,
  options: GlanceOptions = {},
): Promise<PlanGlances> {
  const { slots, notes } = await listPlan(storage, plan, options)
  const { memory = new Map() } = options
  for (const id of memory.keys()) if (!slots.has(id)) memory.delete(id)
  const wanted = [...slots].sort(byFenceDescending).slice(0, options.limit ?? slots.size)
  const glances: BackupGlance[] = []
  let unreadable = 0
  for (let at = 0; at < wanted.length; at += readsAtATime) {
    const batch = wanted.slice(at, at + readsAtATime)
    const looks = await Promise.all(
      batch.map((backup) =>
        lookAt(storage, { plan, backup, notes: notes.get(backup) ?? [] }, { ...options, memory }),
      ),
    )
    for (const look of looks) {
      if (look === 'unreadable') unreadable += 1
      else if (look !== 'void') glances.push(look)
    }
  }
  return { glances, unreadable }
}

/** One listing tells slots and notes. */
async function listPlan(storage: Storage, plan: string, options: GlanceOptions) {
  const prefix = planPrefix(plan)
  const slots = new Set<string>()
  const notes = new Map<string, NoteRef[]>()
  for await (const { key } of storage.list(prefix, { signal: options.signal })) {
    options.onProgress?.()
    const id = /^([^/]+)\.json$/.exec(key.slice(prefix.length))?.[1]
    if (id !== undefined && parseBackupId(id)) slots.add(id)
    const note = parseNoteKey(key)
    if (note) notes.set(note.backup, [...(notes.get(note.backup) ?? []), note])
  }
  return { slots, notes }
}

interface At {
  readonly plan: string
  readonly backup: string
  readonly notes: readonly NoteRef[]
}

async function lookAt(
  storage: Storage,
  at: At,
  options: GlanceOptions & { readonly memory: GlanceMemory },
): Promise<BackupGlance | 'void' | 'unreadable'> {
  const { memory, signal } = options
  const reading = signal ? { signal } : {}
  const known = memory.get(at.backup)
  const slot = known?.slot ?? (await lookInSlot(storage, at, signal))
  options.onProgress?.()
  if (typeof slot === 'string') return slot
  const notes = at.notes.map(({ key }) => key.slice(key.lastIndexOf('/'))).join('')
  const facts =
    known?.facts && known.notes === notes
      ? known.facts
      : await readFacts(storage, { status: slot.status, notes: at.notes.toSorted(byTime) }, reading)
  memory.set(at.backup, { slot, notes, facts })
  const { status: _, ...rest } = slot
  return { ...rest, ...facts }
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
    if (error instanceof BackupError) return 'unreadable'
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
  }
}
