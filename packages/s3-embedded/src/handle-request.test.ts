import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { filesBelow } from './testing/files-below.ts'
import { answerOf, openRaw, sendSigned, signHead } from './testing/signed-request.ts'
import { errorOf, startTestServer } from './testing/test-server.ts'

const Bucket = 'box'

const strangeKeys = [
  '../../../etc/passwd',
  '..',
  '.',
  '/',
  '//',
  '/absolute',
  'trailing/',
  'a//b',
  'a/../b',
  'a/./b',
  '%2e%2e/%00',
  'nul\u0000byte',
  'tab\tnew\nline\rreturn',
  ' leading and trailing ',
  'plus+and space?and=amp&hash#',
  '<xml>&"\'',
  'ünïcödé/日本語/\u{1f600}',
  '__proto__',
  'constructor',
  'C:\\windows\\nul',
  'k'.repeat(1024),
  'é'.repeat(512),
]

test('stores any key as it is, in files that do not bear its name', async () => {
  await using box = await startTestServer()
  for (const Key of strangeKeys) {
    await box.s3.send(new PutObjectCommand({ Bucket, Key, Body: `body of ${Key}` }))
  }
  for (const Key of strangeKeys) {
    const got = await box.s3.send(new GetObjectCommand({ Bucket, Key }))
    assert.equal(await got.Body?.transformToString(), `body of ${Key}`)
  }
  const list = await box.s3.send(new ListObjectsV2Command({ Bucket, EncodingType: 'url' }))
  const listed = (list.Contents ?? []).map(({ Key }) => decodeURIComponent(Key ?? ''))
  assert.deepEqual(
    listed,
    [...strangeKeys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  )
  for (const file of await filesBelow(box.dir)) {
    assert.match(file.slice(box.dir.length), /^\/buckets\/box\/[a-z0-9/.]+$/)
  }
})

test('refuses a key of 1,025 bytes', async () => {
  await using box = await startTestServer()
  const put = new PutObjectCommand({ Bucket, Key: 'k'.repeat(1025), Body: '' })
  assert.equal((await errorOf(box.s3.send(put))).name, 'KeyTooLongError')
})

for (const [what, path, status] of [
  ['a bucket that climbs out', '/..%2f..%2fetc/passwd', 404],
  ['a bucket of dots', '/../box', 404],
  ['a broken escape', '/box/%zz', 400],
  ['bytes that are no UTF-8', '/box/%ff%fe', 400],
  ['a subresource it does not know', '/box/key?whatever', 501],
] as const) {
  test(`answers ${status} to ${what}`, async () => {
    await using box = await startTestServer()
    const before = await filesBelow(box.dir)
    const { headers } = await signHead(box.server, { method: 'PUT', path: '/box/key', body: 'x' })
    const unsigned = openRaw(box.server, { method: 'PUT', path, headers, body: 'x' })
    unsigned.end('x')
    assert.ok((await answerOf(unsigned)).status >= 400)
    if (status !== 400) {
      const signed = await sendSigned(box.server, { method: 'PUT', path, body: 'x' })
      assert.equal(signed.status, status, signed.body.toString())
    }
    assert.deepEqual(await filesBelow(box.dir), before)
  })
}

test('creates no bucket under a name that is a path', async () => {
  await using box = await startTestServer()
  for (const path of ['/..', '/..%2fevil', '/a%2fb', '/evil%00']) {
    const answer = await sendSigned(box.server, { method: 'PUT', path })
    assert.equal(answer.code, 'InvalidBucketName', path)
  }
})

test('asks for the body by 100 Continue, and refuses before it is sent', async () => {
  await using box = await startTestServer()
  const raw = { method: 'PUT', path: '/box/key', body: 'x'.repeat(100_000) }
  const expecting = { ...raw, headers: { expect: '100-continue', 'content-length': '100000' } }
  const { headers } = await signHead(box.server, expecting)
  const good = openRaw(box.server, { ...raw, headers })
  const answered = answerOf(good)
  good.flushHeaders()
  await once(good, 'continue')
  good.end(raw.body)
  assert.equal((await answered).status, 200)
  const bad = openRaw(box.server, { ...raw, headers: { ...headers, authorization: 'nonsense' } })
  let continued = false
  bad.on('continue', () => {
    continued = true
  })
  bad.flushHeaders()
  const refused = await answerOf(bad)
  bad.destroy()
  assert.deepEqual([refused.status, refused.headers.connection, continued], [400, 'close', false])
})

test('leaves nothing of an upload whose client goes away', async () => {
  await using box = await startTestServer()
  const before = await filesBelow(box.dir)
  const raw = { method: 'PUT', path: '/box/key', payloadHash: 'UNSIGNED-PAYLOAD' }
  const { headers } = await signHead(box.server, {
    ...raw,
    headers: { 'content-length': '500000' },
  })
  const request = openRaw(box.server, { ...raw, headers })
  const failed = assert.rejects(answerOf(request))
  request.write(Buffer.alloc(200_000))
  while ((await filesBelow(box.dir)).length === before.length) await immediate()
  request.destroy()
  await failed
  await box.server.requests.idle()
  assert.deepEqual(await filesBelow(box.dir), before)
  assert.equal((await sendSigned(box.server, { path: '/box/key' })).status, 404)
})

test('answers before a body that it does not want was read, on a connection that goes on', async () => {
  await using box = await startTestServer()
  const raw = { method: 'PUT', path: '/nowhere/key', body: Buffer.alloc(3_000_000) }
  const answer = await sendSigned(box.server, raw)
  assert.deepEqual([answer.status, answer.code], [404, 'NoSuchBucket'])
})

test('wants to know the length of what it stores', async () => {
  await using box = await startTestServer()
  const raw = {
    method: 'PUT',
    path: '/box/key',
    payloadHash: 'UNSIGNED-PAYLOAD',
    headers: { 'transfer-encoding': 'chunked' },
  }
  const answer = await sendSigned(box.server, raw)
  assert.deepEqual([answer.status, answer.code], [411, 'MissingContentLength'])
})

test('survives what is no HTTP at all', async () => {
  await using box = await startTestServer()
  const { hostname, port } = new URL(box.server.endpoint)
  const socket = connect(Number(port), hostname)
  socket.end('\u0000\u0001garbage\r\n\r\n')
  socket.resume()
  await once(socket, 'close')
  assert.equal((await sendSigned(box.server, { path: '/box' })).status, 200)
})

test('logs what it was asked and how it answered', async () => {
  await using box = await startTestServer()
  await sendSigned(box.server, { method: 'PUT', path: '/box/key?x-id=PutObject', body: 'content' })
  await sendSigned(box.server, { path: '/box/none' })
  const [first, second] = box.server.requests.entries()
  assert.deepEqual(
    [first?.operation, first?.key, first?.status, first?.bytesIn],
    ['PutObject', 'key', 200, 7],
  )
  assert.deepEqual([second?.operation, second?.errorCode], ['GetObject', 'NoSuchKey'])
  assert.equal(box.server.requests.count(), 2)
})

async function immediate(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
