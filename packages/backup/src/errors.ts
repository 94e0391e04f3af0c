import { BackstreamError, type BackstreamErrorOptions } from '@backstream/kernel'

export type BackupErrorCode =
  | 'preflight-failed'
  | 'source-empty'
  | 'hook-failed'
  | 'count-mismatch'
  | 'foreign-prefix'
  | 'idle'
  | 'fenced-off'
  | 'slot-voided'
  | 'slot-taken'
  | 'withdrawn'
  | 'archive-gone'
  | 'clean-up-incomplete'
  | 'manifest-invalid'
  | 'manifest-too-new'
  | 'note-invalid'
  | 'backup-refuted'
  | 'drill-failed'
  | 'no-such-backup'
  | 'ambiguous-backup'
  | 'restore-target'
  | 'no-such-path'
  | 'unsafe-entry'
  | 'not-verified'
  | 'encrypted'
  | 'cannot-write'

export class BackupError extends BackstreamError {
  override readonly name = 'BackupError'
  declare readonly code: BackupErrorCode

  constructor(code: BackupErrorCode, message: string, options: BackstreamErrorOptions = {}) {
    super(code, message, options)
  }
}
