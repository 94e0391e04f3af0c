import type { BackupStanding } from '@backstream/backup'

/** Whether a backup may be relied on, and why not, in a few words: `suspect, accepted, pinned`. */
export function standingInWords(standing: BackupStanding): string {
  const { manifest, isAccepted, isPinned, verified } = standing
  return [
    verified?.isRefuted ? 'refuted' : manifest.status,
    ...(isAccepted ? ['accepted'] : []),
    ...(isPinned ? ['pinned'] : []),
  ].join(', ')
}
