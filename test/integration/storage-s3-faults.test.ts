import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLogger } from '@backstream/kernel'
import { retrying, type Storage } from '@backstream/storage'
import { uniqueName, waitFor } from '@backstream/testkit'
import {
  CountedBody,
  chunks,
  EndlessBody,
  partBytes,
  quickly,
  read,
  rejectsWith,
  sha256,
  small,
  startFaultyS3,
  twoAndAHalfParts,
} from './storage-s3-fixture.ts'

const server = await startFaultyS3()
const { open, fail } = server
after(() => server[Symbol.asyncDispose]())
beforeEach(() => {
  server.faults.clear()
  server.requests.clear()
})

describe('a part that cannot be sent', () => {
  for (const [title, action] of [
    ['answered 503', { status: 503 }],
    ['answered 500', { status: 500 }],
    ['cut in the middle', { cut: 'mid-request' }],
    ['stored, but the answer was lost', { doThenCut: true }],
  ] as const) {
    test(`is sent again when it was ${title}, and the source is read once`, async () => {
      await using storage = await open()
      const fault = fail({ operation: 'UploadPart', nth: 2 }, action)
      const source = new CountedBody(twoAndAHalfParts)
      const stored = await storage.upload('big', source, {})
      assert.equal(fault.hits, 1)
      assert.equal(server.requests.count('UploadPart'), 4)
      assert.equal(source.timesOpened, 1)
      assert.equal(stored.sha256, sha256(twoAndAHalfParts))
      assert.deepEqual(await read(storage, 'big'), twoAndAHalfParts)
    })
  }

  test('ends the upload when it fails to the last, and the source is not read on', async () => {
    await using storage = await open()
    fail({ operation: 'UploadPart', partNumber: 1 }, { status: 503 })
    const source = new EndlessBody()
    await rejectsWith('throttled', storage.upload('big', source, {}))
    assert.ok(source.bytesRead < 6 * partBytes, `${source.bytesRead} bytes were read`)
    assert.equal(source.wasReleased, true)
    await server.isAbsent(storage, 'big')
  })

  test('ends the upload at once when it is refused for good', async () => {
    await using storage = await open()
    const fault = fail({ operation: 'UploadPart' }, { status: 403, code: 'AccessDenied' })
    await rejectsWith('access-denied', storage.upload('big', new EndlessBody(), { concurrency: 1 }))
    assert.equal(fault.hits, 1)
  })
})

describe('an answer that says nothing about what happened', () => {
  for (const [operation, bytes] of [
    ['CompleteMultipartUpload', twoAndAHalfParts],
    ['PutObject', small],
  ] as const) {
    for (const [title, action] of [
      ['500', { doThenStatus: 500 }],
      ['503', { doThenStatus: 503 }],
      ['a cut connection', { doThenCut: true }],
    ] as const) {
      test(`makes ${operation} that was done and answered by ${title} a success`, async () => {
        await using storage = await open()
        fail({ operation, nth: 1 }, action)
        const stored = await storage.upload('object', chunks(bytes), {})
        assert.equal(stored.sha256, sha256(bytes))
        assert.equal(stored.check, 'md5')
        assert.deepEqual(await read(storage, 'object'), bytes)
      })
    }

    test(`sends ${operation} again when it was not done`, async () => {
      await using storage = await open()
      fail({ operation, nth: 1 }, { status: 500 })
      await storage.upload('object', chunks(bytes), {})
      assert.equal(server.requests.count(operation), 2)
      assert.deepEqual(await read(storage, 'object'), bytes)
    })

    test(`leaves ${operation} unknown when it never shows`, async () => {
      await using storage = await open()
      fail({ operation }, { status: 500 })
      await rejectsWith('unknown-outcome', storage.upload('object', chunks(bytes), {}))
      await server.isAbsent(storage, 'object')
    })

    test(`leaves ${operation} unknown when the key cannot be looked at`, async () => {
      await using storage = await open()
      fail({ operation }, { doThenStatus: 500 })
      fail({ operation: 'HeadObject' }, { status: 500 })
      await rejectsWith('unknown-outcome', storage.upload('object', chunks(bytes), {}))
    })

    test(`does not repeat ${operation} that was refused`, async () => {
      await using storage = await open()
      fail({ operation }, { status: 403, code: 'AccessDenied' })
      await rejectsWith('access-denied', storage.upload('object', chunks(bytes), {}))
      assert.equal(server.requests.count(operation), 1)
    })
  }
})

describe('a store that shows something else than was sent', () => {
  test('is found corrupt by the ETag of a large object', async () => {
    await using storage = await open()
    fail({ operation: 'HeadObject' }, { wrongEtag: true })
    await rejectsWith('corrupt', storage.upload('object', chunks(twoAndAHalfParts), {}))
  })

  test('is found corrupt by the ETag of a small object', async () => {
    await using storage = await open()
    fail({ operation: 'HeadObject' }, { wrongEtag: true })
    await rejectsWith('corrupt', storage.upload('object', chunks(small), {}))
    await rejectsWith('corrupt', storage.put('object', small))
  })

  test('is found corrupt by the ETag of a part', async () => {
    await using storage = await open()
    fail({ operation: 'UploadPart', partNumber: 2 }, { wrongEtag: true })
    await rejectsWith('corrupt', storage.upload('object', chunks(twoAndAHalfParts), {}))
    await server.isAbsent(storage, 'object')
  })

  test('is believed by size alone where its ETags are known to be no MD5s', async () => {
    await using storage = await open({ profile: { partBytes, md5Etags: false } })
    fail({ operation: 'HeadObject' }, { wrongEtag: true })
    const stored = await storage.upload('object', chunks(small), {})
    assert.equal(stored.check, 'size')
  })
})

test('leaves no second upload when the answer to the beginning of one was lost', async () => {
  await using storage = await open()
  for (const action of [{ doThenCut: true }, { doThenStatus: 500 }] as const) {
    const fault = fail({ operation: 'CreateMultipartUpload', nth: 1 }, action)
    await storage.upload('object', chunks(twoAndAHalfParts), {})
    assert.equal(fault.hits, 1)
    server.faults.clear()
    for await (const { uploadId } of storage.listUploads('')) assert.fail(uploadId)
    assert.deepEqual(await read(storage, 'object'), twoAndAHalfParts)
  }
})

describe('a store that hangs', () => {
  for (const [operation, bytes] of [
    ['CreateMultipartUpload', twoAndAHalfParts],
    ['UploadPart', twoAndAHalfParts],
    ['CompleteMultipartUpload', twoAndAHalfParts],
    ['PutObject', small],
  ] as const) {
    test(`lets an upload be aborted during ${operation}, and no object appears`, async () => {
      await using storage = await open()
      const stop = new AbortController()
      const reason = new Error('the worker is going down')
      const fault = fail({ operation }, { hang: true })
      const upload = storage.upload('object', chunks(bytes), { signal: stop.signal })
      const rejected = assert.rejects(upload, (error) => error === reason)
      await waitFor(() => fault.hits > 0, { what: `${operation} to hang` })
      stop.abort(reason)
      await rejected
      await server.requests.idle()
      server.faults.clear()
      await server.isAbsent(storage, 'object')
      for await (const { key, uploadId } of storage.listUploads('')) {
        await storage.abortUpload(key, uploadId)
      }
      await server.isAbsent(storage, 'object')
    })
  }

  test('is given up when no byte moves for the idle time', async () => {
    await using storage = await open({ idleTimeoutMs: 300, retry: { attempts: 1 } })
    fail({ operation: 'UploadPart' }, { hang: true })
    await rejectsWith('unknown-outcome', storage.upload('big', chunks(twoAndAHalfParts), {}))
    fail({ operation: 'HeadObject' }, { hang: true })
    await rejectsWith('timeout', storage.head('object'))
  })

  test('is given up while a body is read, but a slow reader is not', async () => {
    const prefix = uniqueName()
    await using writer = await open({ prefix })
    await writer.put('object', twoAndAHalfParts)
    await using storage = await open({ prefix, idleTimeoutMs: 500 })
    const { body } = await storage.get('object')
    let isFirst = true
    let bytes = 0
    for await (const chunk of body) {
      if (isFirst) await sleep(1000)
      isFirst = false
      bytes += chunk.byteLength
    }
    assert.equal(bytes, twoAndAHalfParts.byteLength)
    fail({ operation: 'GetObject' }, { hang: true })
    await rejectsWith('timeout', storage.get('object'))
  })
})

describe('a body that is cut while it is read', () => {
  test('ends with an error, not with fewer bytes', async () => {
    await using storage = await open()
    await storage.put('object', twoAndAHalfParts)
    fail({ operation: 'GetObject' }, { cut: 'mid-response' })
    await rejectsWith('network', read(storage, 'object'))
  })
})

describe('a conditional put over a store that loses answers', () => {
  test('succeeds once, and tells our own object from that of another', async () => {
    await using base = await open()
    const storage = retrying(base, { ...quickly, logger: silentLogger })
    await storage.put('warm-up', small, { ifAbsent: true })
    fail({ operation: 'PutObject', nth: 1 }, { doThenStatus: 500 })
    fail({ operation: 'PutObject', nth: 2 }, { doThenStatus: 503 })
    fail({ operation: 'PutObject', nth: 4 }, { doThenCut: true })
    const ours = Buffer.from('ours')
    await storage.put('by-500', ours, { ifAbsent: true })
    await storage.put('by-503', ours, { ifAbsent: true })
    await storage.put('by-cut', ours, { ifAbsent: true })
    const theirs = Buffer.from('theirs')
    await rejectsWith('already-exists', storage.put('by-500', theirs, { ifAbsent: true }))
    assert.deepEqual(await read(storage, 'by-500'), ours)
  })

  test('is not known to have happened when the look afterwards fails', async () => {
    await using storage = await open()
    await storage.put('warm-up', small, { ifAbsent: true })
    fail({ operation: 'HeadObject' }, { status: 500 })
    await rejectsWith('unknown-outcome', storage.put('slot', small, { ifAbsent: true }))
  })
})

describe('an abort of an upload', () => {
  test('is repeated while parts are still there', async () => {
    await using storage = await open()
    const uploadId = await leaveUpload(storage)
    fail({ operation: 'AbortMultipartUpload', nth: 1 }, { status: 503 })
    await storage.abortUpload('left', uploadId)
    assert.equal(server.requests.count('AbortMultipartUpload'), 2)
    assert.equal(server.requests.count('ListParts'), 1)
  })

  test('says so when it cannot get rid of them', async () => {
    await using storage = await open()
    const uploadId = await leaveUpload(storage)
    fail({ operation: 'AbortMultipartUpload' }, { status: 404, code: 'NoSuchUpload' })
    await rejectsWith('unavailable', storage.abortUpload('left', uploadId))
  })
})

async function leaveUpload(storage: Storage): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const body = async function* () {
    yield twoAndAHalfParts
    await promise
    throw new Error('the dump ended badly')
  }
  const upload = storage.upload('left', body(), { onUploadCreated: resolve })
  await assert.rejects(upload, /ended badly/)
  return await promise
}
