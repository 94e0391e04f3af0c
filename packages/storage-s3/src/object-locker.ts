import { GetObjectRetentionCommand, PutObjectRetentionCommand } from '@aws-sdk/client-s3'
import { isStorageError, type ObjectLocker } from '@backstream/storage'
import { request } from './request.ts'
import type { S3Context } from './s3-context.ts'

const modes = { governance: 'GOVERNANCE', compliance: 'COMPLIANCE' } as const

export function createObjectLocker(context: S3Context): ObjectLocker {
  const { bucket, clients, keys, locate } = context
  return {
    async lockOf(key, { signal, versionId } = {}) {
      const input = { Bucket: bucket, Key: keys.toObjectKey(key), VersionId: versionId }
      const about = `read the lock of ${locate(key)}`
      try {
        const { Retention } = await request({ about, signal }, (sent) =>
          clients.requests.send(new GetObjectRetentionCommand(input), sent),
        )
        const untilMs = Retention?.RetainUntilDate?.getTime()
        if (untilMs === undefined) return null
        return { mode: Retention?.Mode === 'COMPLIANCE' ? 'compliance' : 'governance', untilMs }
      } catch (error) {
        signal?.throwIfAborted()
        if (isWithoutLock(error)) return null
        throw error
      }
    },
    async lock(key, { mode, untilMs }, { signal, versionId } = {}) {
      const input = {
        ...{ Bucket: bucket, Key: keys.toObjectKey(key), VersionId: versionId },
        Retention: { Mode: modes[mode], RetainUntilDate: new Date(untilMs) },
      }
      await request({ about: `lock ${locate(key)}`, signal, changes: true }, (sent) =>
        clients.requests.send(new PutObjectRetentionCommand(input), sent),
      )
    },
  }
}

/** The store says by an error that the object is there and nothing keeps it; Ceph has another name for it. */
function isWithoutLock(error: unknown): boolean {
  const name = isStorageError(error) && error.cause instanceof Error ? error.cause.name : ''
  return ['NoSuchObjectLockConfiguration', 'ObjectLockConfigurationNotFoundError'].includes(name)
}
