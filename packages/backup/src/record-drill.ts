import type { Clock } from '@backstream/kernel'
import type { Storage } from '@backstream/storage'
import type { DrillReport } from './drill-backup.ts'
import type { Manifest } from './manifest.ts'
import { type Note, type NoteRef, writeNote } from './notes.ts'

/** What a drill left to know, as its note tells it. */
export interface DrillFact {
  readonly atMs: number
  readonly isPassed: boolean
  /** Whether the backup was opened and restored whole, whatever the checks said of it then. */
  readonly isRestored: boolean
  /** How long the restore took. */
  readonly restoreMs: number
  /** The checks that failed. */
  readonly failed: readonly string[]
}

/** Notes beside the backup how a drill with it went. */
export async function recordDrill(
  storage: Storage,
  { manifest, report, by }: { manifest: Manifest; report: DrillReport; by: string },
  options: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<NoteRef> {
  const { plan, backup, encryption } = manifest
  const facts = {
    outcome: report.isPassed ? 'passed' : 'failed',
    restoreMs: report.restoreMs,
    bytes: report.bytes,
    checks: report.checks.map(({ name, isPassed, words }) => ({
      name,
      passed: isPassed,
      // It may name files, and notes lie beside the backup for whoever reads the bucket.
      ...(encryption ? {} : { words }),
    })),
  }
  return await writeNote(storage, { plan, backup, kind: 'drill', by, facts }, options)
}

export function readDrillFact(ref: NoteRef, { facts }: Note): DrillFact {
  const { outcome, restoreMs } = facts
  const checks = (Array.isArray(facts['checks']) ? facts['checks'] : []) as readonly {
    readonly name?: unknown
    readonly passed?: unknown
  }[]
  return {
    atMs: ref.atMs,
    isPassed: outcome === 'passed',
    isRestored: checks.some(
      ({ name, passed }) => (name === 'restore' || name === 'databases') && passed === true,
    ),
    restoreMs: typeof restoreMs === 'number' ? restoreMs : 0,
    failed: checks.filter(({ passed }) => passed !== true).map(({ name }) => String(name)),
  }
}
