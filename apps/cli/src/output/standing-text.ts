import type { BackupGlance } from '@backstream/backup'

/** Whether a backup may be relied on, and why not, in a few words: `suspect, accepted, pinned`. */
export function standingInWords(
  standing: Pick<BackupGlance, 'status' | 'isAccepted' | 'isPinned' | 'verified'>,
): string {
  const { status, isAccepted, isPinned, verified } = standing
  return [
    verified?.isRefuted ? 'refuted' : status,
    ...(isAccepted ? ['accepted'] : []),
    ...(isPinned ? ['pinned'] : []),
  ].join(', ')
}
