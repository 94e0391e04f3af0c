import type { BackupDeps, BackupRequest } from './backup-request.ts'
import type { Predecessors } from './predecessors.ts'
import type { ProgressMeter } from './progress-meter.ts'

/** What every step of an attempt shares. */
export interface Attempt {
  readonly deps: BackupDeps
  readonly request: BackupRequest
  readonly backup: string
  readonly fence: number
  readonly startedAtMs: number
  readonly before: Predecessors
  readonly meter: ProgressMeter
  readonly signal: AbortSignal
  /** Codes of what went wrong beside the sources, and did not end the run. */
  readonly warnings: string[]
  step(line: string): void
}
