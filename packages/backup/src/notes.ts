/**
 * Facts about a backup that came after it: `<plan>/<id>/notes/<UTC>-<kind>.json`.
 *
 * A manifest is never changed, so what happens later stands beside it, one small object a fact, each
 * written once. Kind and time are in the key: most questions are answered by a listing alone.
 */
import type { Clock } from '@backstream/kernel'
import type { Storage } from '@backstream/storage'
import * as z from 'zod'
import { BackupError } from './errors.ts'
import { attemptOfKey, notesPrefix, planPrefix } from './layout.ts'
import { manifestFormat } from './manifest.ts'
import { readSmallObject } from './small-object.ts'

export const noteKinds = ['pin', 'unpin', 'accept', 'verify', 'drill', 'lock', 'pruned'] as const
export type NoteKind = (typeof noteKinds)[number]

/** Where a note lies, and all that its key says. */
export interface NoteRef {
  readonly key: string
  readonly plan: string
  readonly backup: string
  readonly kind: NoteKind
  readonly atMs: number
}

export interface Note {
  readonly format: typeof manifestFormat
  readonly kind: NoteKind
  readonly plan: string
  readonly backup: string
  /** ISO 8601 UTC. */
  readonly at: string
  /** Who wrote it: `worker nas`, `backstream prune on host web-01`. */
  readonly by: string
  /** What this kind of note has to say. */
  readonly facts: Readonly<Record<string, unknown>>
}

export interface WriteNoteRequest {
  readonly plan: string
  readonly backup: string
  readonly kind: NoteKind
  readonly by: string
  readonly facts?: Readonly<Record<string, unknown>>
}

/** Returns once the note is stored. Never replaces one. */
export async function writeNote(
  storage: Storage,
  request: WriteNoteRequest,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<NoteRef> {
  const { plan, backup, kind, by, facts = {} } = request
  const atMs = clock.now()
  const at = new Date(atMs).toISOString()
  const key = `${notesPrefix(plan, backup)}${at.replace(/[-:.]/g, '')}-${kind}.json`
  const note: Note = { format: manifestFormat, kind, plan, backup, at, by, facts }
  const bytes = new TextEncoder().encode(`${JSON.stringify(note, null, 2)}\n`)
  await storage.put(key, bytes, { ifAbsent: true, signal, contentType: 'application/json' })
  return { key, plan, backup, kind, atMs }
}

const notePattern = /\/notes\/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})?Z-([a-z]+)\.json$/

/** What a key says when it is a note's; undefined for any other key. */
export function parseNoteKey(key: string): NoteRef | undefined {
  const at = attemptOfKey(key)
  const match = notePattern.exec(key)
  const kind = noteKinds.find((known) => known === match?.[8])
  if (!at || !match || !kind || !key.startsWith(notesPrefix(at.plan, at.backup))) return undefined
  const [, year, month, day, hour, minute, second, ms = '000'] = match
  const atMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`)
  return Number.isNaN(atMs) ? undefined : { key, ...at, kind, atMs }
}

/** The notes beside one backup, oldest first. Keys that are no notes are passed over. */
export async function listNotes(
  storage: Storage,
  at: { readonly plan: string; readonly backup: string },
  signal?: AbortSignal,
): Promise<NoteRef[]> {
  return await collectNotes(storage.list(notesPrefix(at.plan, at.backup), { signal }))
}

/** The notes beside all backups of a plan, by backup id: one listing of all its keys. */
export async function listPlanNotes(
  storage: Storage,
  plan: string,
  signal?: AbortSignal,
): Promise<Map<string, NoteRef[]>> {
  const notes = await collectNotes(storage.list(planPrefix(plan), { signal }))
  return Map.groupBy(notes, ({ backup }) => backup)
}

async function collectNotes(objects: AsyncIterable<{ readonly key: string }>): Promise<NoteRef[]> {
  const notes: NoteRef[] = []
  for await (const { key } of objects) {
    const note = parseNoteKey(key)
    if (note) notes.push(note)
  }
  return notes.sort((a, b) => a.atMs - b.atMs)
}

const noteSchema = z.looseObject({
  format: z.literal(manifestFormat),
  kind: z.enum(noteKinds),
  plan: z.string(),
  backup: z.string(),
  at: z.string(),
  by: z.string(),
  facts: z.looseObject({}),
})

/** Rejects with `note-invalid` for what is no note of this key; undefined when it is gone. */
export async function readNote(
  storage: Storage,
  ref: NoteRef,
  signal?: AbortSignal,
): Promise<Note | undefined> {
  const bytes = await readSmallObject(storage, ref.key, signal)
  if (!bytes) return undefined
  const note = noteSchema.safeParse(parseJson(bytes)).data
  if (note && note.plan === ref.plan && note.backup === ref.backup && note.kind === ref.kind) {
    return note
  }
  throw new BackupError('note-invalid', `${storage.location}/${ref.key} is not a note`, {
    permanent: true,
    remedy: 'Look at the object; something else wrote it.',
  })
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    // Undefined is no note either: the caller says so.
    return undefined
  }
}

/** Whether the newest of pin and unpin is a pin. */
export function isPinned(notes: readonly NoteRef[]): boolean {
  return notes.findLast(({ kind }) => kind === 'pin' || kind === 'unpin')?.kind === 'pin'
}

/** Whether somebody said that a suspect backup is good after all. */
export function isAccepted(notes: readonly NoteRef[]): boolean {
  return notes.some(({ kind }) => kind === 'accept')
}
