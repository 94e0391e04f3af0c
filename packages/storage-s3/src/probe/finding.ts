import { describeError } from '@backstream/kernel'
import { isStorageError, StorageError } from '@backstream/storage'

/** One thing that was tried at a store, and what came of it. */
export interface ProbeFinding {
  /** Short and stable: `clock`, `reach`, `write`. */
  readonly check: ProbeCheck
  /** `warning`: backups work, with less than there could be. `error`: they do not, or not safely. */
  readonly level: 'ok' | 'warning' | 'error'
  readonly message: string
  readonly remedy: string | null
}

export type ProbeCheck =
  | 'clock'
  | 'reach'
  | 'retention'
  | 'lock'
  | 'lifecycle'
  | 'versions'
  | 'write'
  | 'read'
  | 'list'
  | 'multipart'
  | 'conditional-put'
  | 'delete'

export function ok(check: ProbeCheck, message: string): ProbeFinding {
  return { check, level: 'ok', message, remedy: null }
}

export function warning(check: ProbeCheck, message: string, remedy: string): ProbeFinding {
  return { check, level: 'warning', message, remedy }
}

export function failure(check: ProbeCheck, message: string, remedy: string | null): ProbeFinding {
  return { check, level: 'error', message, remedy }
}

/** What a check that threw found out. Anything but a `StorageError` is a fault of ours and is thrown on. */
export function findingOf(check: ProbeCheck, error: unknown): ProbeFinding {
  if (!(error instanceof StorageError)) throw error
  return failure(check, describeError(error), error.remedy ?? null)
}

/** The store does not offer this, or does not let us see it: nothing to be said against it. */
export function isUnavailableHere(error: unknown): error is StorageError {
  return ['unsupported', 'access-denied', 'invalid-request'].some((code) =>
    isStorageError(error, code as StorageError['code']),
  )
}
