import type { Storage } from '@backstream/storage'
import {
  type BackupMemory,
  type ListBackupsOptions,
  listBackups,
  type PlanBackups,
} from './catalogue.ts'
import type { Manifest } from './manifest.ts'
import { mapBatches } from './map-batches.ts'
import {
  isAccepted,
  isPinned,
  listNotes,
  listPlanNotes,
  type Note,
  type NoteRef,
  readNote,
} from './notes.ts'
import { type DrillFact, readDrillFact } from './record-drill.ts'

/** A backup with what was found out about it later. */
export interface BackupStanding extends StandingFacts {
  readonly manifest: Manifest
}

/** What manifest and notes together say of a backup. */
export interface StandingFacts {
  /** May be relied on: made without suspicion or accepted since, and not refuted by a verification. */
  readonly isGood: boolean
  readonly isPinned: boolean
  readonly isAccepted: boolean
  /** The newest verification. */
  readonly verified: VerifiedFact | null
  /** The newest one that opened it. */
  readonly verifiedDeep: VerifiedFact | null
  /** The newest drill with it. */
  readonly drill: DrillFact | null
  /** The store keeps its objects until then, whatever anybody says. */
  readonly lockedUntilMs: number | null
}

export interface VerifiedFact {
  readonly atMs: number
  /** `stored`: bytes against the manifest; `deep`: opened and read. */
  readonly depth: 'stored' | 'deep'
  readonly isRefuted: boolean
  /** How long it took; null where its note does not say. */
  readonly tookMs: number | null
}

export interface PlanStandings extends Pick<PlanBackups, 'plan' | 'unreadable'> {
  /** Newest first. */
  readonly standings: readonly BackupStanding[]
}

/** The backups of a plan with their notes, all from the bucket. */
export async function readStandings(
  storage: Storage,
  plan: string,
  options: ListBackupsOptions = {},
): Promise<PlanStandings> {
  const { backups, unreadable } = await listBackups(storage, plan, options)
  const notes = await listPlanNotes(storage, plan, options.signal)
  const standings = await mapBatches(backups, (manifest) =>
    standingOf(storage, { manifest, notes: notes.get(manifest.backup) ?? [] }, options),
  )
  return { plan, standings, unreadable }
}

/** One backup with its notes. */
export async function readStanding(
  storage: Storage,
  manifest: Manifest,
  signal?: AbortSignal,
): Promise<BackupStanding> {
  const notes = await listNotes(storage, manifest, signal)
  return await standingOf(storage, { manifest, notes }, signal ? { signal } : {})
}

async function standingOf(
  storage: Storage,
  { manifest, notes }: { readonly manifest: Manifest; readonly notes: readonly NoteRef[] },
  options: ListBackupsOptions,
): Promise<BackupStanding> {
  return { manifest, ...(await readFacts(storage, { status: manifest.status, notes }, options)) }
}

/** `notes` oldest first. */
export async function readFacts(
  storage: Storage,
  { status, notes }: Pick<Manifest, 'status'> & { readonly notes: readonly NoteRef[] },
  options: ReadNoteOptions,
): Promise<StandingFacts> {
  const recall = (ref: NoteRef) => recallNote(storage, ref, options)
  const { verified, verifiedDeep } = await readVerifications(notes, recall)
  const wasAccepted = isAccepted(notes)
  return {
    isGood: (status === 'good' || wasAccepted) && verified?.isRefuted !== true,
    isPinned: isPinned(notes),
    isAccepted: wasAccepted,
    verified,
    verifiedDeep,
    drill: await readDrill(notes, recall),
    lockedUntilMs: await readLock(notes, recall),
  }
}

type ReadNoteOptions = Pick<ListBackupsOptions, 'signal'> & {
  readonly memory?: Pick<BackupMemory, 'notes'>
}
type Recall = (ref: NoteRef) => Promise<Note | undefined>

/** Newest first, and no further back than to one that opened the backup. */
async function readVerifications(
  notes: readonly NoteRef[],
  recall: Recall,
): Promise<Pick<StandingFacts, 'verified' | 'verifiedDeep'>> {
  let verified: VerifiedFact | null = null
  for (const ref of notes.filter(({ kind }) => kind === 'verify').toReversed()) {
    const note = await recall(ref)
    if (!note) continue
    const fact = verifiedFactOf(ref, note)
    verified ??= fact
    if (fact.depth === 'deep') return { verified, verifiedDeep: fact }
  }
  return { verified, verifiedDeep: null }
}

function verifiedFactOf({ atMs }: NoteRef, { facts }: Note): VerifiedFact {
  const { depth, outcome, durationMs } = facts
  return {
    atMs,
    depth: depth === 'deep' ? 'deep' : 'stored',
    isRefuted: outcome === 'refuted',
    tookMs: typeof durationMs === 'number' ? durationMs : null,
  }
}

async function readDrill(notes: readonly NoteRef[], recall: Recall): Promise<DrillFact | null> {
  const ref = notes.findLast(({ kind }) => kind === 'drill')
  const note = ref && (await recall(ref))
  return ref && note ? readDrillFact(ref, note) : null
}

async function readLock(notes: readonly NoteRef[], recall: Recall): Promise<number | null> {
  const ref = notes.findLast(({ kind }) => kind === 'lock')
  const note = ref && (await recall(ref))
  const untilMs = Date.parse(String(note?.facts['until']))
  return Number.isNaN(untilMs) ? null : untilMs
}

async function recallNote(
  storage: Storage,
  ref: NoteRef,
  { signal, memory }: ReadNoteOptions,
): Promise<Note | undefined> {
  const place = `${storage.location}/${ref.key}`
  const known = memory?.notes.get(place)
  if (known) return known
  const note = await readNote(storage, ref, signal)
  if (note) memory?.notes.set(place, note)
  return note
}
