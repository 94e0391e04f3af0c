import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import type { StorageConfig } from '@backstream/config'
import { silentLogger, systemClock } from '@backstream/kernel'
import { retrying } from '@backstream/storage'
import {
  openConfiguredStorage,
  openS3Storage,
  type S3Storage,
  type S3StorageOptions,
} from '@backstream/storage-s3'
import { chunks, rejectsWith, partBytes as small, startFaultyS3 } from './storage-s3-fixture.ts'

/** More than the buffers between two sockets hold. */
const large = 16 * 1024 * 1024

describe('a store that answers a part before it has read it', () => {
  test('still reads what was sent, not what the memory was used for next', async () => {
    const store = createHastyStore()
    await using server = await startServer(store.answer)
    await using storage = await server.open()
    const parts = [1, 2, 3, 4].map((fill) => Buffer.alloc(large, fill))
    await rejectsWith('unknown-outcome', storage.upload('big', from(parts), { concurrency: 1 }))
    assert.deepEqual(
      await store.sums(),
      parts.map((part) => createHash('md5').update(part).digest('hex')),
    )
  })
})

describe('a store that gives no ETag for a part', () => {
  test('is said to be at fault', async () => {
    await using server = await startServer((request, response) => {
      request.resume()
      if (request.method === 'POST') response.end(upload)
      else response.end()
    })
    await using storage = await server.open()
    const body = from([Buffer.alloc(large), Buffer.alloc(1)])
    await rejectsWith('corrupt', storage.upload('big', body, {}))
  })
})

describe('the memory of parts', () => {
  test('is used again once they have left', async (t) => {
    const takes = t.mock.method(Buffer, 'allocUnsafeSlow')
    await using store = await startFaultyS3()
    await using storage = await store.open()
    const body = chunks(Buffer.alloc(20 * small, 'backstream'))
    const stored = await storage.upload('big', body, { concurrency: 2 })
    assert.equal(stored.check, 'md5')
    const taken = takes.mock.calls.filter((call) => call.arguments[0] === small)
    assert.ok(taken.length <= 5, `${taken.length} buffers for 20 parts`)
  })
})

describe('a store that does not know ranges', () => {
  test('is told from one that gave the range', async () => {
    await using server = await startServer((_request, response) => {
      response.setHeader('ETag', '"e"').end('the whole object')
    })
    await using storage = await server.open()
    await rejectsWith('unsupported', storage.get('object', { range: { start: 4, end: 9 } }))
  })

  test('is found out when it gives another range than the one asked for', async () => {
    await using server = await startServer((_request, response) => {
      response.statusCode = 206
      response.setHeader('Content-Range', 'bytes 0-4/16').end('the w')
    })
    await using storage = await server.open()
    await rejectsWith('unsupported', storage.get('object', { range: { start: 4, end: 9 } }))
  })
})

describe('a store that says when to come back', () => {
  for (const [title, headers] of [
    ['in seconds', { 'Retry-After': '7' }],
    [
      'by its own clock',
      { Date: 'Mon, 01 Jan 2001 00:00:00 GMT', 'Retry-After': 'Mon, 01 Jan 2001 00:00:07 GMT' },
    ],
  ] as const) {
    test(`is asked again then, when it says it ${title}`, async () => {
      let answers = 0
      await using server = await startServer((_request, response) => {
        answers += 1
        if (answers === 1) response.writeHead(503, headers).end()
        else response.writeHead(200, { 'Content-Length': 5 }).end()
      })
      const waits: number[] = []
      await using base = await server.open()
      const sleep = async (ms: number) => void waits.push(ms)
      const storage = retrying(base, { logger: silentLogger, sleep })
      assert.equal((await storage.head('object')).bytes, 5)
      assert.deepEqual(waits, [7000])
    })
  }
})

describe('a storage of the configuration', () => {
  test('repeats single requests that were turned away', async () => {
    let answers = 0
    await using server = await startServer((_request, response) => {
      answers += 1
      if (answers < 3) response.writeHead(503).end()
      else response.writeHead(200, { 'Content-Length': 5 }).end()
    })
    const config = { ...configured, endpoint: server.endpoint }
    await using storage = await openConfiguredStorage(config, {
      env: {},
      logger: silentLogger,
      clock: systemClock,
      retry: { firstDelayMs: 1 },
    })
    assert.equal((await storage.head('object')).bytes, 5)
    assert.equal(storage.capabilities.conditionalPut, false)
    assert.equal(answers, 3)
  })
})

const configured: StorageConfig = {
  name: 'main',
  kind: 's3',
  bucket: 'test',
  prefix: '',
  region: null,
  endpoint: null,
  pathStyle: true,
  credentials: { accessKeyId: { value: 'a' }, secretAccessKey: { value: 'b' }, sessionToken: null },
  maintenance: null,
  storageClass: null,
  sse: null,
  tags: {},
  lock: null,
  caFile: null,
  proxy: null,
  bandwidthBytesPerSecond: null,
  maxRuns: null,
  profile: null,
}

const upload =
  '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>'

/** Answers the first part at its first bytes, and reads the rest of it once the third has come. */
function createHastyStore() {
  const sums = new Map<string, Promise<string>>()
  const thirdHasCome = Promise.withResolvers<void>()
  const answerPart = async (part: string, request: IncomingMessage, response: ServerResponse) => {
    await once(request, 'readable')
    if (part !== '1') {
      const sum = await sumOf(request)
      sums.set(part, Promise.resolve(sum))
      if (part === '3') thirdHasCome.resolve()
      response.setHeader('ETag', `"${sum}"`).end()
      return
    }
    const start = request.read() as Buffer
    response.setHeader('ETag', '"hasty"').end()
    sums.set(
      part,
      thirdHasCome.promise.then(() => sumOf(request, start)),
    )
  }
  return {
    async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
      const query = new URL(request.url ?? '', 'http://localhost').searchParams
      const part = query.get('partNumber')
      if (part !== null) await answerPart(part, request, response)
      else if (query.has('uploads')) response.end(upload)
      else response.writeHead(500).end()
    },
    /** Of the parts, as they were read. */
    sums: () => Promise.all(['1', '2', '3', '4'].map((part) => sums.get(part))),
  }
}

async function sumOf(
  rest: AsyncIterable<Buffer>,
  start: Buffer = Buffer.alloc(0),
): Promise<string> {
  const hash = createHash('md5').update(start)
  for await (const chunk of rest) hash.update(chunk)
  return hash.digest('hex')
}

async function* from(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

/** A store that answers as the test says. */
async function startServer(answer: Answer) {
  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const endpoint = `http://127.0.0.1:${port}`
  return {
    endpoint,
    open: (options: Partial<S3StorageOptions> = {}): Promise<S3Storage> =>
      openS3Storage({
        bucket: 'test',
        endpoint,
        pathStyle: true,
        credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
        retry: { attempts: 1 },
        logger: silentLogger,
        ...options,
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
