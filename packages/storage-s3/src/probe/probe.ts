import type { Storage } from '@backstream/storage'
import type { S3Context } from '../s3-context.ts'

/** What every check gets: the bucket to ask, and a storage of its own to write into. */
export interface Probe {
  readonly context: S3Context
  /** Holds the probe's own folder, and nothing else. */
  readonly storage: Storage
  /** The folder's key in the bucket's storage. */
  readonly folder: string
  /** Backups are to be locked there. */
  readonly isLockWanted: boolean
  readonly signal: AbortSignal | undefined
}
