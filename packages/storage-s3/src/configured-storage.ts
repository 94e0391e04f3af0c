import { resolveSecret, type StorageConfig, type StorageCredentials } from '@backstream/config'
import type { Clock, Logger } from '@backstream/kernel'
import {
  isTransientOrUnknown,
  type ObjectLocker,
  type Pace,
  pacing,
  type RequestOptions,
  type RetryPolicy,
  retrying,
  retryRequest,
  type Storage,
} from '@backstream/storage'
import type { ProbeFinding } from './probe/finding.ts'
import { probeStorage } from './probe/probe-storage.ts'
import type { S3Credentials, S3StorageOptions } from './s3-options.ts'
import { openS3Storage } from './s3-storage.ts'

export interface ConfiguredStorageOptions {
  /** Where secrets by name are read from, now and not again. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly logger: Logger
  readonly clock: Clock
  /** How long the store may stand still; default 5 minutes. */
  readonly idleTimeoutMs?: number
  /** How patiently single requests are repeated; default: six calls, some eight seconds. */
  readonly retry?: RetryPolicy
  /** Of all that is uploaded to this storage; the caller's to share. */
  readonly pace?: Pace | undefined
}

export type ConfiguredStorage = Storage & ObjectLocker & AsyncDisposable

/**
 * Opens a storage as the configuration describes it, its single requests repeated where that can
 * help. Rejects where a secret cannot be read.
 */
export async function openConfiguredStorage(
  storage: StorageConfig,
  options: ConfiguredStorageOptions,
): Promise<ConfiguredStorage> {
  const resolved = await resolveStorageOptions(storage, options)
  const inner = await openS3Storage(resolved)
  const { pace, retry } = options
  const patient = retrying(inner, { ...retry, logger: resolved.logger })
  return Object.assign(pace ? pacing(patient, pace) : patient, {
    ...patientLocker(inner, retry),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  })
}

/** Both may be repeated: a lock that is there is there, and asked for again it is the same. */
function patientLocker(inner: ObjectLocker, retry: RetryPolicy | undefined): ObjectLocker {
  const shouldRetry = isTransientOrUnknown
  return {
    lockOf: (key, call) => retryRequest(() => inner.lockOf(key, call), { ...retry, ...call }),
    lock: (key, lock, call) =>
      retryRequest(() => inner.lock(key, lock, call), { ...retry, ...call, shouldRetry }),
  }
}

/** Tries at a configured storage what backups will do there: see `probeStorage`. */
export async function probeS3Storage(
  storage: StorageConfig,
  options: ConfiguredStorageOptions & RequestOptions,
): Promise<ProbeFinding[]> {
  const { signal } = options
  const isLockWanted = storage.lock !== null
  return await probeStorage(await resolveStorageOptions(storage, options), { signal, isLockWanted })
}

/** Reads the secrets and gives the storage's options as `openS3Storage` takes them. */
async function resolveStorageOptions(
  storage: StorageConfig,
  options: ConfiguredStorageOptions,
): Promise<S3StorageOptions> {
  const { env, logger, clock, idleTimeoutMs } = options
  const { bucket, prefix, region, endpoint, pathStyle } = storage
  const { storageClass, sse, tags, caFile, proxy, profile } = storage
  const credentials = storage.credentials && (await readCredentials(storage.credentials, env))
  return {
    ...{ bucket, prefix, region, endpoint, pathStyle, credentials },
    ...{ storageClass, sse, tags, caFile, proxy, profile },
    ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
    logger: logger.child({ storage: storage.name }),
    clock,
  }
}

async function readCredentials(
  { accessKeyId, secretAccessKey, sessionToken }: StorageCredentials,
  env: ConfiguredStorageOptions['env'],
): Promise<S3Credentials> {
  return {
    accessKeyId: await resolveSecret(accessKeyId, env),
    secretAccessKey: await resolveSecret(secretAccessKey, env),
    sessionToken: sessionToken ? await resolveSecret(sessionToken, env) : undefined,
  }
}
