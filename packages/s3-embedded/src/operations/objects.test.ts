import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectAclCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3'
import { errorOf, startTestServer } from '../testing/test-server.ts'

const Bucket = 'box'

test('gives back what was put: bytes, type, metadata, ETag and checksum', async () => {
  await using box = await startTestServer()
  const Body = Buffer.from('some content')
  const put = await box.s3.send(
    new PutObjectCommand({
      Bucket,
      Key: 'a/b',
      Body,
      ContentType: 'text/plain',
      CacheControl: 'no-store',
      Metadata: { owner: 'me', 'two-words': 'a b' },
    }),
  )
  assert.equal(put.ETag, `"${createHash('md5').update(Body).digest('hex')}"`)
  const got = await box.s3.send(new GetObjectCommand({ Bucket, Key: 'a/b' }))
  assert.equal(await got.Body?.transformToString(), 'some content')
  assert.equal(got.ContentType, 'text/plain')
  assert.equal(got.CacheControl, 'no-store')
  assert.deepEqual(got.Metadata, { owner: 'me', 'two-words': 'a b' })
  assert.equal(got.ContentLength, 12)
  assert.deepEqual([got.ETag, got.ChecksumCRC32], [put.ETag, put.ChecksumCRC32])
  assert.equal(got.ChecksumType, 'FULL_OBJECT')
})

for (const algorithm of ['CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const) {
  test(`verifies a ${algorithm} checksum and stores it`, async () => {
    await using box = await startTestServer()
    const field = `Checksum${algorithm}` as const
    const target = { Bucket, Key: 'key', Body: 'content' }
    const put = await box.s3.send(new PutObjectCommand({ ...target, ChecksumAlgorithm: algorithm }))
    const head = await box.s3.send(
      new HeadObjectCommand({ Bucket, Key: 'key', ChecksumMode: 'ENABLED' }),
    )
    assert.ok(head[field])
    assert.equal(head[field], put[field])
    const wrong = await errorOf(
      box.s3.send(new PutObjectCommand({ ...target, Body: 'cOntent', [field]: put[field] })),
    )
    assert.deepEqual(wrong, { name: 'BadDigest', status: 400 })
    const still = await box.s3.send(new GetObjectCommand({ Bucket, Key: 'key' }))
    assert.equal(await still.Body?.transformToString(), 'content')
  })
}

test('refuses content that its Content-MD5 does not fit', async () => {
  await using box = await startTestServer()
  const md5 = createHash('md5').update('other').digest('base64')
  const put = (ContentMD5: string) =>
    errorOf(box.s3.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'content', ContentMD5 })))
  assert.equal((await put(md5)).name, 'BadDigest')
  assert.equal((await put('nonsense')).name, 'InvalidDigest')
})

test('answers ranges, suffixes and what lies outside', async () => {
  await using box = await startTestServer()
  await box.s3.send(new PutObjectCommand({ Bucket, Key: 'key', Body: '0123456789' }))
  const get = (Range: string) => box.s3.send(new GetObjectCommand({ Bucket, Key: 'key', Range }))
  const middle = await get('bytes=2-4')
  assert.equal(await middle.Body?.transformToString(), '234')
  assert.equal(middle.ContentRange, 'bytes 2-4/10')
  assert.equal(await (await get('bytes=-3')).Body?.transformToString(), '789')
  assert.deepEqual(await errorOf(get('bytes=10-')), { name: 'InvalidRange', status: 416 })
})

test('honours conditions when reading', async () => {
  await using box = await startTestServer()
  const { ETag } = await box.s3.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'content' }))
  const head = (conditions: object) =>
    box.s3.send(new HeadObjectCommand({ Bucket, Key: 'key', ...conditions }))
  const { LastModified } = await head({ IfMatch: ETag })
  assert.ok(LastModified)
  const later = new Date(LastModified.getTime() + 1000)
  const earlier = new Date(LastModified.getTime() - 1000)
  assert.equal((await errorOf(head({ IfMatch: '"other"' }))).status, 412)
  assert.equal((await errorOf(head({ IfNoneMatch: ETag }))).status, 304)
  assert.equal((await errorOf(head({ IfModifiedSince: LastModified }))).status, 304)
  assert.equal((await errorOf(head({ IfUnmodifiedSince: earlier }))).status, 412)
  await head({ IfNoneMatch: '"other"' })
  await head({ IfModifiedSince: earlier })
  await head({ IfUnmodifiedSince: later })
})

test('creates only where nothing is, and replaces only what it was told', async () => {
  await using box = await startTestServer()
  const put = (Body: string, conditions: object) =>
    box.s3.send(new PutObjectCommand({ Bucket, Key: 'key', Body, ...conditions }))
  assert.deepEqual(await errorOf(put('x', { IfMatch: '"any"' })), {
    name: 'NoSuchKey',
    status: 404,
  })
  const { ETag } = await put('first', { IfNoneMatch: '*' })
  const refused = { name: 'PreconditionFailed', status: 412 }
  assert.deepEqual(await errorOf(put('second', { IfNoneMatch: '*' })), refused)
  assert.deepEqual(await errorOf(put('second', { IfMatch: '"other"' })), refused)
  await put('second', { IfMatch: ETag })
  assert.deepEqual(await errorOf(put('third', { IfMatch: ETag })), refused)
})

test('lets exactly one of many racing creates win', async () => {
  await using box = await startTestServer()
  const bodies = Array.from({ length: 20 }, (_, at) => `body ${at}`)
  const outcomes = await Promise.allSettled(
    bodies.map((Body) =>
      box.s3.send(new PutObjectCommand({ Bucket, Key: 'slot', Body, IfNoneMatch: '*' })),
    ),
  )
  const winners = bodies.filter((_, at) => outcomes[at]?.status === 'fulfilled')
  assert.equal(winners.length, 1)
  const got = await box.s3.send(new GetObjectCommand({ Bucket, Key: 'slot' }))
  assert.equal(await got.Body?.transformToString(), winners[0])
})

test('deletes one and many, and what is not there as well', async () => {
  await using box = await startTestServer()
  for (const Key of ['a', 'b', ' c <&> ']) {
    await box.s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
  }
  await box.s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }))
  await box.s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }))
  const Objects = [{ Key: 'b' }, { Key: ' c <&> ' }, { Key: 'never' }]
  const many = await box.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
  assert.deepEqual(
    many.Deleted?.map(({ Key }) => Key),
    ['b', ' c <&> ', 'never'],
  )
  assert.equal((await box.s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount, 0)
  assert.deepEqual(await errorOf(box.s3.send(new GetObjectCommand({ Bucket, Key: 'a' }))), {
    name: 'NoSuchKey',
    status: 404,
  })
})

test('copies an object with its metadata, or with new ones', async () => {
  await using box = await startTestServer()
  const Key = 'from/ü +&.txt'
  await box.s3.send(
    new PutObjectCommand({ Bucket, Key, Body: 'content', Metadata: { a: '1' }, Tagging: 'x=y' }),
  )
  const CopySource = `${Bucket}/${encodeURIComponent(Key)}`
  await box.s3.send(new CopyObjectCommand({ Bucket, Key: 'same', CopySource }))
  await box.s3.send(
    new CopyObjectCommand({
      Bucket,
      Key: 'fresh',
      CopySource,
      MetadataDirective: 'REPLACE',
      Metadata: { b: '2' },
    }),
  )
  const same = await box.s3.send(new GetObjectCommand({ Bucket, Key: 'same' }))
  assert.equal(await same.Body?.transformToString(), 'content')
  assert.deepEqual([same.Metadata, same.TagCount], [{ a: '1' }, 1])
  const fresh = await box.s3.send(new HeadObjectCommand({ Bucket, Key: 'fresh' }))
  assert.deepEqual([fresh.Metadata, fresh.ETag], [{ b: '2' }, same.ETag])
  const itself = new CopyObjectCommand({ Bucket, Key: 'same', CopySource: `${Bucket}/same` })
  assert.equal((await errorOf(box.s3.send(itself))).name, 'InvalidRequest')
})

test('keeps tags of an object and changes them', async () => {
  await using box = await startTestServer()
  await box.s3.send(new PutObjectCommand({ Bucket, Key: 'key', Body: '', Tagging: 'a=1&b=%20x' }))
  const tags = async () =>
    (await box.s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'key' }))).TagSet
  assert.deepEqual(await tags(), [
    { Key: 'a', Value: '1' },
    { Key: 'b', Value: ' x' },
  ])
  const TagSet = [{ Key: 'c', Value: '<3>' }]
  await box.s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'key', Tagging: { TagSet } }))
  assert.deepEqual(await tags(), TagSet)
})

test('tells attributes of an object', async () => {
  await using box = await startTestServer()
  await box.s3.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'content' }))
  const attributes = await box.s3.send(
    new GetObjectAttributesCommand({
      Bucket,
      Key: 'key',
      ObjectAttributes: ['ETag', 'ObjectSize', 'Checksum'],
    }),
  )
  assert.equal(attributes.ObjectSize, 7)
  assert.equal(attributes.Checksum?.ChecksumType, 'FULL_OBJECT')
})

test('makes, finds and removes buckets, and none that holds something', async () => {
  await using box = await startTestServer({ region: 'eu-west-3' })
  const name = { Bucket: 'second.bucket' }
  await box.s3.send(new CreateBucketCommand(name))
  assert.equal(
    (await errorOf(box.s3.send(new CreateBucketCommand(name)))).name,
    'BucketAlreadyOwnedByYou',
  )
  const location = await box.s3.send(new GetBucketLocationCommand(name))
  assert.equal(location.LocationConstraint, 'eu-west-3')
  const { Buckets } = await box.s3.send(new ListBucketsCommand({}))
  assert.deepEqual(
    Buckets?.map(({ Name }) => Name),
    ['box', 'second.bucket'],
  )
  await box.s3.send(new PutObjectCommand({ ...name, Key: 'k', Body: '' }))
  assert.equal((await errorOf(box.s3.send(new DeleteBucketCommand(name)))).name, 'BucketNotEmpty')
  await box.s3.send(new DeleteObjectCommand({ ...name, Key: 'k' }))
  await box.s3.send(new DeleteBucketCommand(name))
  assert.deepEqual(await errorOf(box.s3.send(new HeadBucketCommand(name))), {
    name: 'NotFound',
    status: 404,
  })
  for (const Bucket of ['UPPER', 'a', '10.0.0.1', 'a..b', '-ab']) {
    const create = new CreateBucketCommand({ Bucket })
    assert.equal((await errorOf(box.s3.send(create))).name, 'InvalidBucketName', Bucket)
  }
})

test('answers 501 for what it does not offer, and does nothing', async () => {
  await using box = await startTestServer()
  await box.s3.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'content' }))
  const acl = new PutObjectAclCommand({ Bucket, Key: 'key', ACL: 'public-read' })
  assert.deepEqual(await errorOf(box.s3.send(acl)), { name: 'NotImplemented', status: 501 })
  const policy = new GetBucketPolicyCommand({ Bucket })
  assert.equal((await errorOf(box.s3.send(policy))).status, 501)
  const kms = new PutObjectCommand({
    Bucket,
    Key: 'key',
    Body: 'other',
    ServerSideEncryption: 'aws:kms',
  })
  assert.equal((await errorOf(box.s3.send(kms))).status, 501)
  const got = await box.s3.send(new GetObjectCommand({ Bucket, Key: 'key' }))
  assert.equal(await got.Body?.transformToString(), 'content')
  const lifecycle = new GetBucketLifecycleConfigurationCommand({ Bucket })
  assert.equal((await errorOf(box.s3.send(lifecycle))).name, 'NoSuchLifecycleConfiguration')
})

test('denies a restricted key what it may not do, and nothing else', async () => {
  const restricted = {
    accessKeyId: 'writer',
    secretAccessKey: 'secret',
    deny: ['s3:Delete*', 's3:AbortMultipartUpload', 's3:ListBucket'],
  }
  await using box = await startTestServer({ extraKeys: [restricted] })
  const writer = box.client({ credentials: restricted })
  await writer.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'content' }))
  const denied = { name: 'AccessDenied', status: 403 }
  assert.deepEqual(
    await errorOf(writer.send(new DeleteObjectCommand({ Bucket, Key: 'key' }))),
    denied,
  )
  assert.deepEqual(await errorOf(writer.send(new ListObjectsV2Command({ Bucket }))), denied)
  // Not even whether a key exists.
  assert.deepEqual(
    await errorOf(writer.send(new GetObjectCommand({ Bucket, Key: 'none' }))),
    denied,
  )
  const many = await writer.send(
    new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'key' }] } }),
  )
  assert.equal(many.Errors?.[0]?.Code, 'AccessDenied')
  await box.s3.send(new HeadObjectCommand({ Bucket, Key: 'key' }))
})
