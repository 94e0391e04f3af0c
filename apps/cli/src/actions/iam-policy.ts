/**
 * What each role needs of S3, as an IAM policy, and nothing more.
 *
 * `reader` restores. `writer` also backs up: it may put, and delete only what an attempt that failed
 * has stored (archive, index, guide), never a manifest. S3 has no right to create without the right to
 * overwrite: only versions and object lock keep a stolen writer from harming what is there.
 * `maintenance` also removes backups and sets locks.
 */
import type { StorageConfig } from '@backstream/config'

export const policyRoles = ['writer', 'maintenance', 'reader'] as const
export type PolicyRole = (typeof policyRoles)[number]

export interface IamPolicy {
  readonly Version: '2012-10-17'
  readonly Statement: readonly IamStatement[]
}

export interface IamStatement {
  readonly Sid: string
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource: readonly string[]
}

export type PolicyStorage = Pick<
  StorageConfig,
  'name' | 'bucket' | 'prefix' | 'region' | 'sse' | 'tags' | 'lock'
>

export function iamPolicy(role: PolicyRole, storages: readonly PolicyStorage[]): IamPolicy {
  return {
    Version: '2012-10-17',
    Statement: storages.flatMap((storage) => statementsFor(role, storage)),
  }
}

function statementsFor(role: PolicyRole, storage: PolicyStorage): IamStatement[] {
  const statements = [listing(storage), objects(role, storage)]
  if (role !== 'reader') statements.unshift(bucketFacts(storage))
  if (role === 'writer') statements.push(cleaning(storage))
  if (role === 'maintenance') statements.push(removing(storage))
  const key = encryptionKey(role, storage)
  return key ? [...statements, key] : statements
}

/** These actions cannot be limited to a prefix. All but the uploads are for `doctor`. */
function bucketFacts(storage: PolicyStorage): IamStatement {
  return {
    Sid: sid('Bucket', storage),
    Effect: 'Allow',
    Action: [
      's3:GetBucketVersioning',
      's3:GetBucketObjectLockConfiguration',
      's3:GetLifecycleConfiguration',
      's3:ListBucketMultipartUploads',
    ],
    Resource: [bucketArn(storage)],
  }
}

/**
 * The whole bucket, not the prefix alone: with a condition on `s3:prefix` AWS answers 403 instead of
 * 404 for an object that is not there, and "not there" is what a free slot looks like.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
 */
function listing(storage: PolicyStorage): IamStatement {
  return {
    Sid: sid('List', storage),
    Effect: 'Allow',
    Action: ['s3:ListBucket', 's3:ListBucketVersions'],
    Resource: [bucketArn(storage)],
  }
}

function objects(role: PolicyRole, storage: PolicyStorage): IamStatement {
  const reading = ['s3:GetObject', 's3:GetObjectVersion']
  const writing = [
    's3:PutObject',
    's3:AbortMultipartUpload',
    's3:ListMultipartUploadParts',
    ...(Object.keys(storage.tags).length > 0 ? ['s3:PutObjectTagging'] : []),
  ]
  return {
    Sid: sid('Objects', storage),
    Effect: 'Allow',
    Action: role === 'reader' ? reading : [...reading, ...writing],
    Resource: [objectArn(storage, '*')],
  }
}

function cleaning(storage: PolicyStorage): IamStatement {
  const own = ['*/archive.tar*', '*/index.zst*', '*/RESTORE.md', probePattern]
  return {
    Sid: sid('CleanUp', storage),
    Effect: 'Allow',
    Action: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
    Resource: own.map((pattern) => objectArn(storage, pattern)),
  }
}

/** Where `doctor` writes, to see whether it can. */
const probePattern = '.backstream-probe*'

function removing(storage: PolicyStorage): IamStatement {
  const locking = ['s3:GetObjectRetention', 's3:PutObjectRetention']
  return {
    Sid: sid('Remove', storage),
    Effect: 'Allow',
    Action: ['s3:DeleteObject', 's3:DeleteObjectVersion', ...(storage.lock ? locking : [])],
    Resource: [objectArn(storage, '*')],
  }
}

function encryptionKey(role: PolicyRole, storage: PolicyStorage): IamStatement | undefined {
  const { sse } = storage
  if (sse?.kind !== 'kms') return undefined
  return {
    Sid: sid('Key', storage),
    Effect: 'Allow',
    Action: role === 'reader' ? ['kms:Decrypt'] : ['kms:Decrypt', 'kms:GenerateDataKey'],
    // A bare key id names no region or account: those are not in the configuration.
    Resource: [
      sse.keyId.startsWith('arn:')
        ? sse.keyId
        : `arn:${partition(storage)}:kms:${storage.region ?? '*'}:*:${sse.keyId.startsWith('alias/') ? '' : 'key/'}${sse.keyId}`,
    ],
  }
}

function bucketArn(storage: PolicyStorage): string {
  return `arn:${partition(storage)}:s3:::${storage.bucket}`
}

function objectArn(storage: PolicyStorage, pattern: string): string {
  return `${bucketArn(storage)}/${storage.prefix === '' ? '' : `${storage.prefix}/`}${pattern}`
}

function partition({ region }: PolicyStorage): string {
  if (region?.startsWith('cn-')) return 'aws-cn'
  return region?.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}

/** Letters and digits only, and unique within the policy. */
function sid(what: string, { name }: PolicyStorage): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter(Boolean)
  return what + words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('')
}
