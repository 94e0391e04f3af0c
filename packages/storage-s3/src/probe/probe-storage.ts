import { randomUUID } from 'node:crypto'
import type { RequestOptions } from '@backstream/storage'
import type { S3StorageOptions } from '../s3-options.ts'
import { openS3Context, openS3Storage } from '../s3-storage.ts'
import type { ProbeFinding } from './finding.ts'
import { probeBucket } from './probe-bucket.ts'
import { probeConditionalPut } from './probe-conditional-put.ts'
import { probeMultipart } from './probe-multipart.ts'
import { probeObjects } from './probe-objects.ts'
import { probeReach } from './probe-reach.ts'
import { removeProbes } from './remove-probes.ts'

export interface ProbeStorageOptions extends RequestOptions {
  /** The storage has a `lock`: the bucket must be able to. */
  readonly isLockWanted?: boolean
}

/**
 * Tries at a store what backups will do there, and says what was found, in the order tried.
 *
 * Small objects are written below a prefix of the probe's own and removed again, also when it is
 * interrupted; nothing is written into a bucket that would not let go of it. Rejects only with the
 * signal's reason, and for options that could never work.
 */
export async function probeStorage(
  options: S3StorageOptions,
  { signal, isLockWanted = false }: ProbeStorageOptions = {},
): Promise<ProbeFinding[]> {
  const folder = `.backstream-probe-${randomUUID()}`
  const context = await openS3Context({ ...options, retry: { attempts: 2 } })
  using _clients = context.clients
  await using storage = await openS3Storage({
    ...options,
    prefix: context.keys.toListPrefix(folder),
    retry: { attempts: 2 },
    profile: { ...options.profile, conditionalPut: true },
  })
  const probe = { context, storage, folder, isLockWanted, signal }

  const findings = await probeReach(probe)
  if (findings.some(({ level }) => level === 'error')) return findings
  findings.push(...(await probeBucket(probe)))
  // Without a lock backups are written all the same; what else there is to mend is seen at once.
  if (findings.some(({ level, check }) => level === 'error' && check !== 'lock')) return findings
  try {
    findings.push(...(await probeObjects(probe)))
    findings.push(await probeMultipart(probe))
    findings.push(await probeConditionalPut(probe))
  } finally {
    findings.push(await removeProbes(storage))
  }
  return findings
}
