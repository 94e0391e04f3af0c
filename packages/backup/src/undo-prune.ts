import { createHash } from 'node:crypto'
import { isStorageError, type Storage } from '@backstream/storage'
import { BackupError } from './errors.ts'
import { slotKey } from './layout.ts'
import { parseSlot } from './manifest.ts'
import { listNotes, type Note, readNote } from './notes.ts'
import { readSlot } from './slot.ts'

/**
 * Brings a pruned backup back: its manifest, as it was, into its slot. Its objects were never
 * touched. Rejects with `no-such-backup` where nothing was pruned, and with `slot-voided` once the
 * sweep has begun to remove the objects.
 */
export async function undoPrune(
  storage: Storage,
  at: { readonly plan: string; readonly backup: string },
  signal: AbortSignal,
): Promise<'restored' | 'was-there'> {
  const key = slotKey(at.plan, at.backup)
  const before = await readSlot(storage, key, signal)
  if (before?.kind === 'manifest') return 'was-there'
  if (before) throw swept(at)
  const ref = (await listNotes(storage, at, signal)).findLast(({ kind }) => kind === 'pruned')
  const note = ref && (await readNote(storage, ref, signal))
  if (!note) {
    throw new BackupError('no-such-backup', `${at.plan}/${at.backup} was not pruned`, {
      permanent: true,
      remedy: '`backstream prune PLAN -n` shows what there is.',
    })
  }
  const bytes = manifestOf(key, note)
  try {
    await storage.put(key, bytes, { ifAbsent: true, signal, contentType: 'application/json' })
  } catch (error) {
    if (!isStorageError(error, 'already-exists')) throw error
    const now = await readSlot(storage, key, signal)
    if (now?.kind !== 'manifest') throw swept(at)
  }
  return 'restored'
}

function manifestOf(key: string, note: Note): Uint8Array {
  const { manifest, manifestSha256 } = note.facts
  const bytes = new TextEncoder().encode(String(manifest))
  const isWhole = createHash('sha256').update(bytes).digest('hex') === manifestSha256
  if (isWhole && parseSlot(key, bytes).kind === 'manifest') return bytes
  throw new BackupError('note-invalid', `The note of the pruning of ${key} was changed`, {
    permanent: true,
    remedy: 'RESTORE.md beside the archive tells how to restore it by hand.',
  })
}

function swept(at: { readonly plan: string; readonly backup: string }): BackupError {
  return new BackupError(
    'slot-voided',
    `${at.plan}/${at.backup} was pruned longer ago than retention.grace: its objects are being removed`,
    {
      permanent: true,
      remedy: `Restore another one: \`backstream list ${at.plan}\` shows what there is.`,
    },
  )
}
