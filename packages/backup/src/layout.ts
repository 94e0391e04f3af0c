/**
 * Where things lie in the bucket; every key is built here, from a plan's name and a backup id, and
 * never taken from a record or a job.
 *
 *     backstream.json                     owner mark
 *     <plan>/<id>.json                    the slot: a manifest or a void
 *     <plan>/<id>/archive.tar.zst[.age]   first volume, then .001, .002 …
 *     <plan>/<id>/index.zst[.age]
 *     <plan>/<id>/RESTORE.md
 *     <plan>/<id>/notes/<UTC>-<kind>.json
 *     _pruned/<plan>/<id>.json            what retention removed (prune-record.ts)
 */
import { parseBackupId } from '@backstream/kernel'

export type CompressionAlgorithm = 'zstd' | 'gzip' | 'none'

export const ownerMarkKey = 'backstream.json'

export function planPrefix(plan: string): string {
  return `${plan}/`
}

/** The manifest's key; taken by a manifest or a void, never by both. */
export function slotKey(plan: string, backup: string): string {
  return `${plan}/${backup}.json`
}

/** Everything a backup stores apart from its manifest lies below this. */
export function backupPrefix(plan: string, backup: string): string {
  return `${plan}/${backup}/`
}

/** Later facts about a backup, one object each. */
export function notesPrefix(plan: string, backup: string): string {
  return `${backupPrefix(plan, backup)}notes/`
}

const extensions: Readonly<Record<CompressionAlgorithm, string>> = {
  zstd: '.tar.zst',
  gzip: '.tar.gz',
  none: '.tar',
}

export interface BackupRef {
  readonly plan: string
  readonly backup: string
}

export interface ArchiveForm {
  readonly algorithm: CompressionAlgorithm
  readonly isEncrypted: boolean
}

/** `volume` counts from 0; the concatenation of all volumes is the archive. */
export function archiveKey(
  { plan, backup }: BackupRef,
  { algorithm, isEncrypted }: ArchiveForm,
  volume: number,
): string {
  const suffix = volume === 0 ? '' : `.${String(volume).padStart(3, '0')}`
  const age = isEncrypted ? '.age' : ''
  return `${backupPrefix(plan, backup)}archive${extensions[algorithm]}${age}${suffix}`
}

export function indexKey(
  { plan, backup }: BackupRef,
  { isEncrypted }: Pick<ArchiveForm, 'isEncrypted'>,
): string {
  return `${backupPrefix(plan, backup)}index.zst${isEncrypted ? '.age' : ''}`
}

export function restoreGuideKey(plan: string, backup: string): string {
  return `${backupPrefix(plan, backup)}RESTORE.md`
}

const attemptKeyPattern =
  /^([a-z0-9][a-z0-9-]{0,62})\/(\d{8}T\d{6}Z-\d{6,15})(?:\.json|\/(?:archive\.tar(?:\.zst|\.gz)?(?:\.age)?(?:\.\d{3,})?|index\.zst(?:\.age)?|RESTORE\.md|notes\/\d{8}T\d{6}(?:\d{3})?Z-[a-z]+\.json))$/

/** Which attempt a key belongs to; undefined for a key that this layout never makes. */
export function attemptOfKey(
  key: string,
): { readonly plan: string; readonly backup: string } | undefined {
  const match = attemptKeyPattern.exec(key)
  const [, plan, backup] = match ?? []
  if (plan === undefined || backup === undefined || !parseBackupId(backup)) return undefined
  return { plan, backup }
}
