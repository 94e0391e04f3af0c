import type { Clock } from '@backstream/kernel'
import type { Storage } from '@backstream/storage'
import { BackupError } from './errors.ts'
import type { Manifest } from './manifest.ts'
import { writeNote } from './notes.ts'
import { type BackupStanding, readStanding } from './standing.ts'

/** `accept`: a suspect backup is good after all. `pin`: retention never removes it; `unpin` undoes that. */
export const marks = ['accept', 'pin', 'unpin'] as const
export type Mark = (typeof marks)[number]

/**
 * Says of a backup what people decide, as a note beside it.
 *
 * `was-so`: there was nothing to say. Rejects with `backup-refuted` when a backup is to be accepted
 * that a verification found to be damaged: no word makes that one good.
 */
export async function markBackup(
  storage: Storage,
  request: { readonly manifest: Manifest; readonly mark: Mark; readonly by: string },
  options: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<'marked' | 'was-so'> {
  const { manifest, mark, by } = request
  const { plan, backup } = manifest
  const standing = await readStanding(storage, manifest, options.signal)
  if (mark === 'accept' && standing.verified?.isRefuted) throw refuted(manifest)
  if (isSo(standing, mark)) return 'was-so'
  await writeNote(storage, { plan, backup, kind: mark, by }, options)
  return 'marked'
}

function isSo({ manifest, isAccepted, isPinned }: BackupStanding, mark: Mark): boolean {
  switch (mark) {
    case 'accept':
      return isAccepted || manifest.status === 'good'
    case 'pin':
      return isPinned
    case 'unpin':
      return !isPinned
  }
}

function refuted({ plan, backup }: Manifest): BackupError {
  return new BackupError('backup-refuted', `A verification refuted ${plan}/${backup}`, {
    permanent: true,
    remedy: 'Verify it again if the store was at fault; then a newer result counts.',
  })
}
