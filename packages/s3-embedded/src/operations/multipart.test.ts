import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { startChecksum } from '../checksums.ts'
import { errorOf, startTestServer } from '../testing/test-server.ts'
import { beginUpload, uploadsOf } from '../testing/uploads.ts'

const Bucket = 'box'
const Key = 'dir/archive'
const limits = { minPartBytes: 10, maxParts: 100 }

test('joins parts into one object, whatever order they came in', async () => {
  await using box = await startTestServer({ limits })
  const upload = await beginUpload(box)
  const third = await upload.part(3, 'end')
  const first = await upload.part(1, 'first part')
  const second = await upload.part(2, 'second part')
  const done = await upload.complete([first, second, third])
  const got = await box.s3.send(new GetObjectCommand({ Bucket, Key }))
  assert.equal(await got.Body?.transformToString(), 'first partsecond partend')
  assert.equal(got.ETag, done.ETag)
  const md5s = ['first part', 'second part', 'end'].map((text) =>
    createHash('md5').update(text).digest(),
  )
  const md5 = createHash('md5').update(Buffer.concat(md5s)).digest('hex')
  assert.equal(done.ETag, `"${md5}-3"`)
  assert.deepEqual(await uploadsOf(box), [])
  assert.equal((await errorOf(upload.complete([first]))).name, 'NoSuchUpload')
})

test('reads ranges across parts, and single parts', async () => {
  await using box = await startTestServer({ limits })
  const upload = await beginUpload(box)
  await upload.complete([await upload.part(1, '0123456789'), await upload.part(2, 'abcdef')])
  const get = async (request: object) => {
    const got = await box.s3.send(new GetObjectCommand({ Bucket, Key, ...request }))
    return [await got.Body?.transformToString(), got.PartsCount]
  }
  assert.deepEqual(await get({ Range: 'bytes=8-11' }), ['89ab', undefined])
  assert.deepEqual(await get({ PartNumber: 2 }), ['abcdef', 2])
  const none = box.s3.send(new GetObjectCommand({ Bucket, Key, PartNumber: 3 }))
  assert.equal((await errorOf(none)).status, 416)
})

test('dates a multipart object by when its upload began', async () => {
  let nowMs = 1_800_000_000_000
  await using box = await startTestServer({
    limits,
    clock: { now: () => nowMs, monotonicMs: () => 0 },
  })
  box.s3.config.systemClockOffset = nowMs - performance.timeOrigin - performance.now()
  const upload = await beginUpload(box)
  const part = await upload.part(1, 'content')
  nowMs += 300_000
  await upload.complete([part])
  const head = await box.s3.send(new HeadObjectCommand({ Bucket, Key }))
  assert.equal(head.LastModified?.getTime(), 1_800_000_000_000)
})

test('refuses parts that are missing, changed, out of order or too small, and keeps the upload', async () => {
  await using box = await startTestServer({ limits })
  const upload = await beginUpload(box)
  const first = await upload.part(1, 'first part')
  const small = await upload.part(2, 'small')
  const last = await upload.part(3, 'last')
  const refused = async (parts: CompletedPart[]) => (await errorOf(upload.complete(parts))).name
  assert.equal(await refused([first, { ...last, PartNumber: 4 }]), 'InvalidPart')
  assert.equal(await refused([{ ...first, ETag: last.ETag }]), 'InvalidPart')
  assert.equal(await refused([{ ...first, ChecksumCRC32: last.ChecksumCRC32 }]), 'InvalidPart')
  assert.equal(await refused([last, first]), 'InvalidPartOrder')
  assert.equal(await refused([first, first]), 'InvalidPartOrder')
  assert.equal(await refused([first, small, last]), 'EntityTooSmall')
  assert.equal(await refused([]), 'MalformedXML')
  const answer = await errorOf(box.s3.send(new HeadObjectCommand({ Bucket, Key })))
  assert.equal(answer.status, 404)
  await upload.complete([first, small])
})

test('replaces a part that is sent again', async () => {
  await using box = await startTestServer({ limits })
  const upload = await beginUpload(box)
  const stale = await upload.part(1, 'stale')
  const fresh = await upload.part(1, 'fresh')
  assert.equal((await errorOf(upload.complete([stale]))).name, 'InvalidPart')
  await upload.complete([fresh])
  const got = await box.s3.send(new GetObjectCommand({ Bucket, Key }))
  assert.equal(await got.Body?.transformToString(), 'fresh')
})

test('forgets an aborted upload and refuses what comes after', async () => {
  await using box = await startTestServer({ limits })
  const upload = await beginUpload(box)
  const part = await upload.part(1, 'content')
  const { UploadId } = upload
  await box.s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
  const gone = { name: 'NoSuchUpload', status: 404 }
  assert.deepEqual(await errorOf(upload.part(2, 'late')), gone)
  assert.deepEqual(await errorOf(upload.complete([part])), gone)
  assert.deepEqual(
    await errorOf(box.s3.send(new ListPartsCommand({ Bucket, Key, UploadId }))),
    gone,
  )
  const again = box.s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
  assert.deepEqual(await errorOf(again), gone)
  assert.equal((await box.s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount, 0)
})

test('refuses an upload id that belongs to another key', async () => {
  await using box = await startTestServer({ limits })
  const { UploadId } = await beginUpload(box)
  const other = new AbortMultipartUploadCommand({ Bucket, Key: 'other', UploadId })
  assert.equal((await errorOf(box.s3.send(other))).name, 'NoSuchUpload')
})

test('completes only where nothing is when told so, and keeps the upload otherwise', async () => {
  await using box = await startTestServer({ limits })
  const uploads = await Promise.all(Array.from({ length: 8 }, () => beginUpload(box)))
  const parts = await Promise.all(uploads.map((upload, at) => upload.part(1, `body ${at}`)))
  const outcomes = await Promise.allSettled(
    uploads.map((upload, at) => upload.complete([parts[at] ?? {}], { IfNoneMatch: '*' })),
  )
  const winners = outcomes.filter(({ status }) => status === 'fulfilled')
  assert.equal(winners.length, 1)
  const lost = outcomes.find(({ status }) => status === 'rejected')
  assert.equal((lost as PromiseRejectedResult).reason.name, 'PreconditionFailed')
  assert.equal((await uploadsOf(box)).length, 7)
  const winner = outcomes.findIndex(({ status }) => status === 'fulfilled')
  const got = await box.s3.send(new GetObjectCommand({ Bucket, Key }))
  assert.equal(await got.Body?.transformToString(), `body ${winner}`)
})

for (const algorithm of ['CRC32', 'SHA256'] as const) {
  test(`makes a composite ${algorithm} of those of the parts, and asks for each`, async () => {
    await using box = await startTestServer({ limits })
    const upload = await beginUpload(box, { ChecksumAlgorithm: algorithm })
    const texts = ['first part', 'second part']
    const parts = [await upload.part(1, 'first part'), await upload.part(2, 'second part')]
    const bare = parts.map(({ ETag, PartNumber }) => ({ ETag, PartNumber }))
    assert.equal((await errorOf(upload.complete(bare))).name, 'InvalidRequest')
    await upload.complete(parts)
    const head = await box.s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))
    const raw = texts.map((text) => Buffer.from(checksumOf(algorithm, Buffer.from(text)), 'base64'))
    const expected = `${checksumOf(algorithm, Buffer.concat(raw))}-2`
    assert.deepEqual([head[`Checksum${algorithm}`], head.ChecksumType], [expected, 'COMPOSITE'])
  })
}

for (const algorithm of ['CRC32', 'CRC64NVME'] as const) {
  test(`verifies a ${algorithm} of the full object on completion and keeps it`, async () => {
    await using box = await startTestServer({ limits })
    const upload = await beginUpload(box, {
      ChecksumAlgorithm: algorithm,
      ChecksumType: 'FULL_OBJECT',
    })
    const parts = [await upload.part(1, 'first part'), await upload.part(2, 'second part')]
    const field = `Checksum${algorithm}` as const
    const right = checksumOf(algorithm, Buffer.from('first partsecond part'))
    const wrong = checksumOf(algorithm, Buffer.from('something else'))
    const options = { ChecksumType: 'FULL_OBJECT' as const }
    const refused = await errorOf(upload.complete(parts, { ...options, [field]: wrong }))
    assert.deepEqual(refused, { name: 'BadDigest', status: 400 })
    const size = await errorOf(upload.complete(parts, { ...options, MpuObjectSize: 5 }))
    assert.equal(size.name, 'InvalidRequest')
    await upload.complete(parts, { ...options, [field]: right, MpuObjectSize: 21 })
    const head = await box.s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))
    assert.deepEqual([head[field], head.ChecksumType], [right, 'FULL_OBJECT'])
  })
}

test('refuses checksum types that an algorithm has not, and parts with another algorithm', async () => {
  await using box = await startTestServer({ limits })
  const both = { ChecksumAlgorithm: 'SHA256', ChecksumType: 'FULL_OBJECT' } as const
  assert.equal((await errorOf(beginUpload(box, both))).name, 'InvalidRequest')
  const composite = { ChecksumAlgorithm: 'CRC64NVME', ChecksumType: 'COMPOSITE' } as const
  assert.equal((await errorOf(beginUpload(box, composite))).name, 'InvalidRequest')
  const { UploadId } = await beginUpload(box, { ChecksumAlgorithm: 'SHA256' })
  const part = { Bucket, Key, UploadId, PartNumber: 1, Body: 'x' }
  const other = box.s3.send(new UploadPartCommand({ ...part, ChecksumAlgorithm: 'CRC32' }))
  assert.equal((await errorOf(other)).name, 'InvalidRequest')
})

test('copies a part from a range of another object', async () => {
  await using box = await startTestServer({ limits })
  await box.s3.send(new PutObjectCommand({ Bucket, Key: 'source', Body: '0123456789abcdef' }))
  const upload = await beginUpload(box)
  const copy = (CopySourceRange: string, PartNumber: number) =>
    box.s3.send(
      new UploadPartCopyCommand({
        Bucket,
        Key,
        UploadId: upload.UploadId,
        PartNumber,
        CopySource: `${Bucket}/source`,
        CopySourceRange,
      }),
    )
  const { CopyPartResult: first } = await copy('bytes=0-9', 1)
  const { CopyPartResult: second } = await copy('bytes=12-15', 2)
  assert.equal((await errorOf(copy('bytes=10-16', 3))).name, 'InvalidArgument')
  await upload.complete([
    { ...first, PartNumber: 1 },
    { ...second, PartNumber: 2 },
  ])
  const got = await box.s3.send(new GetObjectCommand({ Bucket, Key }))
  assert.equal(await got.Body?.transformToString(), '0123456789cdef')
})

test('refuses part numbers outside the limits', async () => {
  await using box = await startTestServer({ limits })
  const { part } = await beginUpload(box)
  assert.equal((await errorOf(part(0, 'x'))).name, 'InvalidArgument')
  assert.equal((await errorOf(part(101, 'x'))).name, 'InvalidArgument')
})

function checksumOf(algorithm: 'CRC32' | 'CRC64NVME' | 'SHA256', data: Buffer): string {
  const running = startChecksum(algorithm)
  running.update(data)
  return running.base64()
}
