import type { OperationName } from './operation-name.ts'
import * as buckets from './operations/buckets.ts'
import { completeMultipartUpload } from './operations/complete-upload.ts'
import { copyObject } from './operations/copy-object.ts'
import { createMultipartUpload } from './operations/create-upload.ts'
import { deleteObject, deleteObjects } from './operations/delete-objects.ts'
import { getObject, headObject } from './operations/get-object.ts'
import { listObjects, listObjectsV2 } from './operations/list-objects.ts'
import { listObjectVersions } from './operations/list-versions.ts'
import { getObjectAttributes } from './operations/object-attributes.ts'
import * as locking from './operations/object-locking.ts'
import * as tagging from './operations/object-tagging.ts'
import { putObject } from './operations/put-object.ts'
import { uploadPart, uploadPartCopy } from './operations/upload-part.ts'
import * as uploads from './operations/uploads.ts'
import type { RequestTarget } from './request-target.ts'
import { S3Error } from './s3-error.ts'
import type { Handler } from './s3-request.ts'

interface Operation {
  readonly handler: Handler
  /** What the caller must not be denied. Batch delete asks for each key instead. */
  readonly actions: readonly string[]
}

const operations: Readonly<Record<OperationName, Operation>> = {
  ListBuckets: on(buckets.listBuckets, 's3:ListAllMyBuckets'),
  CreateBucket: on(buckets.createBucket, 's3:CreateBucket'),
  HeadBucket: on(buckets.headBucket, 's3:ListBucket'),
  DeleteBucket: on(buckets.deleteBucket, 's3:DeleteBucket'),
  GetBucketLocation: on(buckets.getBucketLocation, 's3:GetBucketLocation'),
  GetBucketVersioning: on(buckets.getBucketVersioning, 's3:GetBucketVersioning'),
  PutBucketVersioning: on(buckets.putBucketVersioning, 's3:PutBucketVersioning'),
  GetBucketLifecycleConfiguration: on(buckets.getBucketLifecycle, 's3:GetLifecycleConfiguration'),
  GetObjectLockConfiguration: on(
    locking.getObjectLockConfiguration,
    's3:GetBucketObjectLockConfiguration',
  ),
  PutObjectLockConfiguration: on(
    locking.putObjectLockConfiguration,
    's3:PutBucketObjectLockConfiguration',
  ),
  ListObjects: on(listObjects, 's3:ListBucket'),
  ListObjectsV2: on(listObjectsV2, 's3:ListBucket'),
  ListObjectVersions: on(listObjectVersions, 's3:ListBucketVersions'),
  ListMultipartUploads: on(uploads.listMultipartUploads, 's3:ListBucketMultipartUploads'),
  DeleteObjects: on(deleteObjects),
  PutObject: on(putObject, 's3:PutObject'),
  CopyObject: on(copyObject, 's3:PutObject'),
  GetObject: on(getObject, 's3:GetObject'),
  HeadObject: on(headObject, 's3:GetObject'),
  GetObjectAttributes: on(getObjectAttributes, 's3:GetObject', 's3:GetObjectAttributes'),
  DeleteObject: on(deleteObject),
  CreateMultipartUpload: on(createMultipartUpload, 's3:PutObject'),
  UploadPart: on(uploadPart, 's3:PutObject'),
  UploadPartCopy: on(uploadPartCopy, 's3:PutObject'),
  CompleteMultipartUpload: on(completeMultipartUpload, 's3:PutObject'),
  AbortMultipartUpload: on(uploads.abortMultipartUpload, 's3:AbortMultipartUpload'),
  ListParts: on(uploads.listParts, 's3:ListMultipartUploadParts'),
  GetObjectTagging: on(tagging.getObjectTagging, 's3:GetObjectTagging'),
  PutObjectTagging: on(tagging.putObjectTagging, 's3:PutObjectTagging'),
  DeleteObjectTagging: on(tagging.deleteObjectTagging, 's3:DeleteObjectTagging'),
  GetObjectRetention: on(locking.getObjectRetention, 's3:GetObjectRetention'),
  PutObjectRetention: on(locking.putObjectRetention, 's3:PutObjectRetention'),
  GetObjectLegalHold: on(locking.getObjectLegalHold, 's3:GetObjectLegalHold'),
  PutObjectLegalHold: on(locking.putObjectLegalHold, 's3:PutObjectLegalHold'),
  NotImplemented: on(async () => {
    throw new S3Error('NotImplemented')
  }),
  MethodNotAllowed: on(async () => {
    throw new S3Error('MethodNotAllowed')
  }),
}

export function operationOf(name: OperationName): Operation {
  return operations[name]
}

/** The actions a caller needs; those that read an object ask for another when a version is named. */
export function actionsOf(name: OperationName, { query }: RequestTarget): readonly string[] {
  const { actions } = operations[name]
  if (!query.has('versionId') || (name !== 'GetObject' && name !== 'HeadObject')) return actions
  return ['s3:GetObjectVersion']
}

function on(handler: Handler, ...actions: string[]): Operation {
  return { handler, actions }
}
