import type { Clock } from '@backstream/kernel'
import type { Storage } from '@backstream/storage'
import type { Manifest } from './manifest.ts'
import { listNotes, type NoteRef, readNote, writeNote } from './notes.ts'
import type { VerifyReport } from './verify-backup.ts'

/**
 * Notes what a verification found, beside the backup. The newest note tells how it stands: what was
 * refuted deep stays refuted until it is verified deep again, however well its stored bytes agree.
 */
export async function recordVerification(
  storage: Storage,
  verification: {
    readonly manifest: Manifest
    readonly report: VerifyReport
    readonly by: string
    /** How long it took. */
    readonly durationMs: number
  },
  options: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<NoteRef> {
  const { manifest, report, by } = verification
  const { plan, backup } = manifest
  const { depth, bytes } = report
  const durationMs = Math.round(verification.durationMs)
  const earlier =
    depth === 'stored' ? await deepProblems(storage, { plan, backup }, options.signal) : []
  const found = manifest.encryption ? countOnly(report.problems) : report.problems
  const problems = [...found, ...earlier]
  const isRefuted = problems.length > 0
  const refutedBy = earlier.length > 0 || (isRefuted && depth === 'deep') ? 'deep' : 'stored'
  const facts = {
    ...{ depth, bytes, durationMs, outcome: isRefuted ? 'refuted' : 'verified' },
    ...(isRefuted ? { refutedBy, problems } : {}),
  }
  return await writeNote(storage, { plan, backup, kind: 'verify', by, facts }, options)
}

/** What was found may name files, and notes lie beside the backup for whoever reads the bucket. */
function countOnly(problems: readonly string[]): string[] {
  const { length } = problems
  return length === 0 ? [] : [`${length} found; an encrypted backup is not described here`]
}

/** What the last deep verification found wrong; empty when nothing, or when there was none. */
async function deepProblems(
  storage: Storage,
  at: { readonly plan: string; readonly backup: string },
  signal: AbortSignal,
): Promise<string[]> {
  const newest = (await listNotes(storage, at, signal)).findLast(({ kind }) => kind === 'verify')
  const facts = newest && (await readNote(storage, newest, signal))?.facts
  if (facts?.['outcome'] !== 'refuted' || facts['refutedBy'] !== 'deep') return []
  const { problems } = facts
  return Array.isArray(problems)
    ? problems.map(String)
    : ['an earlier deep verification refuted it']
}
