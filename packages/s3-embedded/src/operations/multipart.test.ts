import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { startChecksum } from '../checksums.ts'
import { errorOf, startTestServer, type TestServer } from '../testing/test-server.ts'

const Bucket = 'box'
const Key = 'dir/archive'
const limits = { minPartBytes: 10, maxParts: 100 }

test('joins parts into one object, whatever order they came in', async () => {
  await using box = await startTestServer({ limits })
  const upload = await begin(box)
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
  const upload = await begin(box)
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
  const upload = await begin(box)
  const part = await upload.part(1, 'content')
  nowMs += 300_000
  await upload.complete([part])
  const head = await box.s3.send(new HeadObjectCommand({ Bucket, Key }))
  assert.equal(head.LastModified?.getTime(), 1_800_000_000_000)
})

test('refuses parts that are missing, changed, out of order or too small, and keeps the upload', async () => {
  await using box = await startTestServer({ limits })
  const upload = await begin(box)
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
  const upload = await begin(box)
  const stale = await upload.part(1, 'stale')
  const fresh = await upload.part(1, 'fresh')
  assert.equal((await errorOf(upload.complete([stale]))).name, 'InvalidPart')
  await upload.complete([fresh])
  const got = await box.s3.send(new GetObjectCommand({ Bucket, Key }))
  assert.equal(await got.Body?.transformToString(), 'fresh')
})

test('forgets an aborted upload and refuses what comes after', async () => {
  await using box = await startTestServer({ limits })
  const upload = await begin(box)
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
  const { UploadId } = await begin(box)
  const other = new AbortMultipartUploadCommand({ Bucket, Key: 'other', UploadId })
  assert.equal((await errorOf(box.s3.send(other))).name, 'NoSuchUpload')
})

test('completes only where nothing is when told so, and keeps the upload otherwise', async () => {
  await using box = await startTestServer({ limits })
  const uploads = await Promise.all(Array.from({ length: 8 }, () => begin(box)))
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
    const upload = await begin(box, { ChecksumAlgorithm: algorithm })
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
    const upload = await begin(box, { ChecksumAlgorithm: algorithm, ChecksumType: 'FULL_OBJECT' })
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
  assert.equal((await errorOf(begin(box, both))).name, 'InvalidRequest')
  const composite = { ChecksumAlgorithm: 'CRC64NVME', ChecksumType: 'COMPOSITE' } as const
  assert.equal((await errorOf(begin(box, composite))).name, 'InvalidRequest')
  const { UploadId } = await begin(box, { ChecksumAlgorithm: 'SHA256' })
  const part = { Bucket, Key, UploadId, PartNumber: 1, Body: 'x' }
  const other = box.s3.send(new UploadPartCommand({ ...part, ChecksumAlgorithm: 'CRC32' }))
  assert.equal((await errorOf(other)).name, 'InvalidRequest')
})

test('lists parts page by page', async () => {
  await using box = await startTestServer({ limits })
  const { UploadId, part } = await begin(box)
  for (const number of [7, 2, 5, 1, 9]) await part(number, `part ${number}`)
  const seen: (number | undefined)[][] = []
  let PartNumberMarker: string | undefined
  do {
    const page = await box.s3.send(
      new ListPartsCommand({ Bucket, Key, UploadId, MaxParts: 2, PartNumberMarker }),
    )
    seen.push((page.Parts ?? []).map(({ PartNumber }) => PartNumber))
    PartNumberMarker = page.IsTruncated ? page.NextPartNumberMarker : undefined
  } while (PartNumberMarker)
  assert.deepEqual(seen, [[1, 2], [5, 7], [9]])
})

test('lists uploads page by page, by key and age, with prefix and delimiter', async () => {
  await using box = await startTestServer({ limits })
  const ids = new Map<string, string[]>()
  for (const key of ['b', 'a/2', 'b', 'a/1', 'c', 'b']) {
    const { UploadId = '' } = await begin(box, { Key: key })
    ids.set(key, [...(ids.get(key) ?? []), UploadId])
  }
  const seen = await uploadsOf(box, { MaxUploads: 2 })
  assert.deepEqual(
    seen.map(({ Key: key }) => key),
    ['a/1', 'a/2', 'b', 'b', 'b', 'c'],
  )
  assert.deepEqual(new Set(seen.map(({ UploadId }) => UploadId)), new Set([...ids.values()].flat()))
  const level = await box.s3.send(new ListMultipartUploadsCommand({ Bucket, Delimiter: '/' }))
  assert.deepEqual(level.CommonPrefixes, [{ Prefix: 'a/' }])
  assert.equal(level.Uploads?.length, 4)
  assert.equal((await uploadsOf(box, { Prefix: 'a/2' })).length, 1)
})

test('copies a part from a range of another object', async () => {
  await using box = await startTestServer({ limits })
  await box.s3.send(new PutObjectCommand({ Bucket, Key: 'source', Body: '0123456789abcdef' }))
  const upload = await begin(box)
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
  const { part } = await begin(box)
  assert.equal((await errorOf(part(0, 'x'))).name, 'InvalidArgument')
  assert.equal((await errorOf(part(101, 'x'))).name, 'InvalidArgument')
})

async function begin(box: TestServer, input: Partial<CreateMultipartUploadCommandInput> = {}) {
  const target = { Bucket, Key: input.Key ?? Key }
  const { UploadId } = await box.s3.send(new CreateMultipartUploadCommand({ ...target, ...input }))
  const ChecksumAlgorithm = input.ChecksumAlgorithm
  return {
    UploadId,
    part: async (PartNumber: number, Body: string): Promise<CompletedPart> => {
      const { $metadata: _, ...part } = await box.s3.send(
        new UploadPartCommand({
          ...target,
          UploadId,
          PartNumber,
          Body,
          ...(ChecksumAlgorithm ? { ChecksumAlgorithm } : {}),
        }),
      )
      return { ...part, PartNumber }
    },
    complete: (Parts: CompletedPart[], options: object = {}) =>
      box.s3.send(
        new CompleteMultipartUploadCommand({
          ...target,
          UploadId,
          MultipartUpload: { Parts },
          ...options,
        }),
      ),
  }
}

async function uploadsOf(box: TestServer, options: object = {}) {
  const found = []
  let marker = {}
  for (;;) {
    const page = await box.s3.send(
      new ListMultipartUploadsCommand({ Bucket, ...options, ...marker }),
    )
    found.push(...(page.Uploads ?? []))
    if (!page.IsTruncated) return found
    marker = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
  }
}

function checksumOf(algorithm: 'CRC32' | 'CRC64NVME' | 'SHA256', data: Buffer): string {
  const running = startChecksum(algorithm)
  running.update(data)
  return running.base64()
}
