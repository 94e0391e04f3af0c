import {
  GetBucketLifecycleConfigurationCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  type LifecycleRule,
  type ObjectLockConfiguration,
} from '@aws-sdk/client-s3'
import { describeError } from '@backstream/kernel'
import { isStorageError, type StorageError } from '@backstream/storage'
import { request } from '../request.ts'
import { failure, findingOf, isUnavailableHere, ok, type ProbeFinding, warning } from './finding.ts'
import type { Probe } from './probe.ts'

/** What the bucket does by itself to objects that are put there. */
export async function probeBucket(probe: Probe): Promise<ProbeFinding[]> {
  return [
    ...(await probeRetention(probe)),
    ...(await probeVersions(probe)),
    ...(await probeLifecycle(probe)),
  ]
}

const locksNothing = ok('retention', 'the bucket locks nothing by default')

async function probeRetention({ context, isLockWanted, signal }: Probe): Promise<ProbeFinding[]> {
  const { bucket, clients } = context
  const about = `read the object lock of s3://${bucket}`
  try {
    const answer = await request({ about, signal }, (sent) =>
      clients.requests.send(new GetObjectLockConfigurationCommand({ Bucket: bucket }), sent),
    )
    return describeLock(answer.ObjectLockConfiguration, isLockWanted)
  } catch (error) {
    signal?.throwIfAborted()
    if (isStorageError(error, 'not-found')) return describeLock(undefined, isLockWanted)
    if (!isUnavailableHere(error)) return [findingOf('retention', error)]
    return isLockWanted ? [lockUnseen(error)] : []
  }
}

/** Retention by default would lock voids, indexes and what a failed run leaves as it locks backups. */
function describeLock(
  { ObjectLockEnabled, Rule }: ObjectLockConfiguration = {},
  isLockWanted: boolean,
): ProbeFinding[] {
  const { Mode, Days, Years } = Rule?.DefaultRetention ?? {}
  if (Mode) {
    const duration = Years ? `${Years} years` : `${Days} days`
    return [
      failure(
        'retention',
        `the bucket locks every object for ${duration} by default, also what failed runs leave behind`,
        'Remove the default retention from the bucket: `lock` of the storage locks the backups alone.',
      ),
    ]
  }
  const able = ObjectLockEnabled === 'Enabled' ? canLock : cannotLock
  return isLockWanted ? [locksNothing, able] : [locksNothing]
}

const canLock = ok('lock', 'the bucket has object lock: `lock` of the storage can be set')
const cannotLock = failure(
  'lock',
  'the storage has a `lock`, and the bucket has no object lock: no backup is locked there',
  'Enable object lock on the bucket (it needs versions), or remove `lock` from the storage.',
)

function lockUnseen(error: StorageError): ProbeFinding {
  return warning(
    'lock',
    `the storage has a \`lock\`, and whether the bucket can lock is not to be seen: ${describeError(error)}`,
    'Let these credentials do s3:GetBucketObjectLockConfiguration, or look at the bucket by hand.',
  )
}

async function probeVersions({ context, signal }: Probe): Promise<ProbeFinding[]> {
  const { bucket, clients } = context
  const about = `read the versioning of s3://${bucket}`
  try {
    const { Status } = await request({ about, signal }, (sent) =>
      clients.requests.send(new GetBucketVersioningCommand({ Bucket: bucket }), sent),
    )
    if (Status !== 'Enabled') return [ok('versions', 'the bucket keeps no versions')]
    return [ok('versions', 'the bucket keeps versions; they are removed one by one')]
  } catch (error) {
    signal?.throwIfAborted()
    return isUnavailableHere(error) ? [] : [findingOf('versions', error)]
  }
}

async function probeLifecycle({ context, signal }: Probe): Promise<ProbeFinding[]> {
  const { bucket, clients } = context
  const about = `read the lifecycle of s3://${bucket}`
  try {
    const { Rules = [] } = await request({ about, signal }, (sent) =>
      clients.requests.send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket }), sent),
    )
    return describeRules(Rules, context.keys.toListPrefix(''))
  } catch (error) {
    signal?.throwIfAborted()
    if (isStorageError(error, 'not-found')) return describeRules([], '')
    return isUnavailableHere(error) ? [] : [findingOf('lifecycle', error)]
  }
}

function describeRules(rules: readonly LifecycleRule[], prefix: string): ProbeFinding[] {
  const ours = rules.filter((rule) => rule.Status === 'Enabled' && mayTouch(rule, prefix))
  const expiring = ours.find((rule) => rule.Expiration?.Days || rule.Expiration?.Date)
  const aborting = ours.some((rule) => rule.AbortIncompleteMultipartUpload)
  return [
    ...(expiring
      ? [
          warning(
            'lifecycle',
            `the bucket removes objects by itself (rule ${expiring.ID ?? 'without a name'}), backups as well`,
            "Leave the removal of backups to `retention`, or keep the rule away from the storage's prefix.",
          ),
        ]
      : []),
    aborting
      ? ok('lifecycle', 'the bucket aborts incomplete uploads by itself')
      : {
          ...ok('lifecycle', 'the bucket leaves incomplete uploads to Backstream'),
          remedy: 'A lifecycle rule AbortIncompleteMultipartUpload of 7 days is a good second net.',
        },
  ]
}

function mayTouch(rule: LifecycleRule, prefix: string): boolean {
  const rulePrefix = rule.Filter?.Prefix ?? rule.Filter?.And?.Prefix ?? rule.Prefix ?? ''
  return rulePrefix.startsWith(prefix) || prefix.startsWith(rulePrefix)
}
