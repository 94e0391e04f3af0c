import type { LastRun, Proof } from '@backstream/backup'
import { formatBytes } from '@backstream/config'

export const runOutcomes: Readonly<Record<LastRun['outcome'], string>> = {
  committed: 'made a backup',
  failed: 'failed',
  skipped: 'skipped',
  cancelled: 'cancelled',
  running: 'under way, begun',
  waiting: 'in line since',
}

const proofs: Readonly<Record<Proof['how'], string>> = {
  stored: 'stored bytes read',
  deep: 'read and opened',
  drill: 'restored in a drill',
}

export function proofInWords({ how, isRefuted }: Pick<Proof, 'how' | 'isRefuted'>): string {
  return isRefuted ? 'refuted' : proofs[how]
}

export function signedBytes(bytes: number): string {
  if (bytes === 0) return 'unchanged'
  return `${bytes > 0 ? '+' : '−'}${wholeBytes(Math.abs(bytes))}`
}

/** A size that is never torn between its figure and its unit. */
export function wholeBytes(bytes: number): string {
  return formatBytes(bytes).replace(' ', '\u00a0')
}
