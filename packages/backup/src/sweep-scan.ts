import type { ListedVersion, Storage } from '@backstream/storage'
import { attemptOfKey, planPrefix, slotKey } from './layout.ts'
import { type NoteRef, parseNoteKey } from './notes.ts'

/** All that the bucket holds under the name of one attempt, whether it became a backup or not. */
export interface AttemptScan {
  readonly plan: string
  readonly backup: string
  /** What stands in the slot, with its bytes; null when it is free. */
  slot: ListedVersion | null
  /** Versions of the slot behind the present one: a manifest was there, or a void. */
  olderSlots: number
  /** Everything but the slot and notes; older versions and delete markers too. */
  readonly objects: ListedVersion[]
  readonly notes: NoteRef[]
  readonly uploads: ScannedUpload[]
}

export interface ScannedUpload {
  readonly key: string
  readonly uploadId: string
  readonly parts: number
  readonly bytes: number
  /** When its newest part was stored; when it began where there is none yet. */
  readonly writtenAtMs: number
}

export interface PlanScan {
  readonly attempts: readonly AttemptScan[]
  /** Keys of a shape that is never made here. */
  readonly foreign: readonly string[]
}

/** Reads what lies below a plan: one listing of versions, one of uploads, and the parts of each. */
export async function scanPlan(
  storage: Storage,
  plan: string,
  signal: AbortSignal,
): Promise<PlanScan> {
  const attempts = new Map<string, AttemptScan>()
  const foreign = new Set<string>()
  const attemptAt = (key: string): AttemptScan | undefined => {
    const at = attemptOfKey(key)
    if (at?.plan !== plan) return void foreign.add(key)
    const known = attempts.get(at.backup) ?? emptyScan(at)
    attempts.set(at.backup, known)
    return known
  }
  for await (const version of storage.listVersions(planPrefix(plan), { signal })) {
    const attempt = attemptAt(version.key)
    if (attempt) addVersion(attempt, version)
  }
  for await (const { key, uploadId, initiatedAtMs } of storage.listUploads(planPrefix(plan), {
    signal,
  })) {
    const upload = { key, uploadId, initiatedAtMs }
    attemptAt(key)?.uploads.push(await scanUpload(storage, upload, signal))
  }
  return { attempts: [...attempts.values()], foreign: [...foreign].sort() }
}

function emptyScan(at: { readonly plan: string; readonly backup: string }): AttemptScan {
  return { ...at, slot: null, olderSlots: 0, objects: [], notes: [], uploads: [] }
}

function addVersion(attempt: AttemptScan, version: ListedVersion): void {
  const isPresent = version.isLatest && !version.isDeleteMarker
  if (version.key === slotKey(attempt.plan, attempt.backup)) {
    if (isPresent) attempt.slot = version
    else if (!version.isDeleteMarker) attempt.olderSlots++
    return
  }
  const note = parseNoteKey(version.key)
  if (note && isPresent) attempt.notes.push(note)
  if (!note) attempt.objects.push(version)
}

async function scanUpload(
  storage: Storage,
  upload: { readonly key: string; readonly uploadId: string; readonly initiatedAtMs: number },
  signal: AbortSignal,
): Promise<ScannedUpload> {
  const { key, uploadId } = upload
  let writtenAtMs = upload.initiatedAtMs
  let parts = 0
  let bytes = 0
  for await (const part of storage.listParts(key, uploadId, { signal })) {
    writtenAtMs = Math.max(writtenAtMs, part.lastModifiedMs)
    parts++
    bytes += part.bytes
  }
  return { key, uploadId, parts, bytes, writtenAtMs }
}
