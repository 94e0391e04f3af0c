import {
  type AgeIdentity,
  type BackupStanding,
  listNotes,
  type Manifest,
  type NoteRef,
  openBackup,
  readManifest,
  readStanding,
} from '@backstream/backup'
import type { Plan } from '@backstream/config'
import { describeError } from '@backstream/kernel'
import type { Storage } from '@backstream/storage'
import { type FolderListing, listFolder } from './list-folder.ts'

export interface BackupPage {
  readonly plan: Plan
  readonly manifest: Manifest
  readonly standing: BackupStanding
  /** Oldest first. */
  readonly notes: readonly NoteRef[]
  /** `s3://bucket/prefix`. */
  readonly location: string
  readonly path: string
  /** Null when it cannot be looked into, for `closed` tells why. */
  readonly folder: FolderListing | null
  readonly closed: string | null
  /** Paths to restore; none: everything. */
  readonly ticked: readonly string[]
}

export interface BackupQuery {
  readonly plan: Plan
  readonly backup: string
  readonly path: string
  readonly ticked: readonly string[]
}

export interface ReadBackupPageOptions {
  readonly storage: Storage
  readonly identities: readonly AgeIdentity[]
  readonly signal: AbortSignal
}

/** Undefined when there is no such backup. */
export async function readBackupPage(
  { plan, backup, path, ticked }: BackupQuery,
  options: ReadBackupPageOptions,
): Promise<BackupPage | undefined> {
  const { storage, identities, signal } = options
  const manifest = await readManifest(storage, { plan: plan.name, backup }, signal)
  if (manifest === undefined) return undefined
  const at = { plan: plan.name, backup }
  const [standing, notes] = await Promise.all([
    readStanding(storage, manifest, signal),
    listNotes(storage, at, signal),
  ])
  const about = { plan, manifest, standing, notes, location: storage.location, path, ticked }
  if (manifest.encryption !== null && identities.length === 0) return { ...about, ...locked }
  try {
    const opened = await openBackup(storage, manifest, { identities, signal })
    return { ...about, folder: await listFolder(opened, path), closed: null }
  } catch (error) {
    signal.throwIfAborted()
    return { ...about, folder: null, closed: `It cannot be looked into: ${describeError(error)}.` }
  }
}

const locked = {
  folder: null,
  closed:
    'It is encrypted, and the board has no key: what is in it can be seen where the key is, with `backstream ls -i KEY`. BACKSTREAM_IDENTITY_FILE gives the board one.',
} as const
