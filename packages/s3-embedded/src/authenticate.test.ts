import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { ListBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { SignatureV4 } from '@smithy/signature-v4'
import { NodeSha256 } from './node-sha256.ts'
import { startChunkSigner } from './sigv4.ts'
import type { S3Server } from './start-s3-server.ts'
import { sendRaw, sendSigned, sha256Hex, signHead } from './testing/signed-request.ts'
import { errorOf, startTestServer } from './testing/test-server.ts'

const minute = 60_000

test('refuses requests without a signature', async () => {
  await using box = await startTestServer()
  const answer = await sendRaw(box.server, { path: '/box' })
  assert.deepEqual([answer.status, answer.code], [403, 'AccessDenied'])
})

test('refuses an unknown key, a wrong secret and another region by their names', async () => {
  await using box = await startTestServer({ region: 'eu-central-1' })
  const { accessKeyId, secretAccessKey } = box.server
  const list = new ListBucketsCommand({})
  const credentials = { accessKeyId, secretAccessKey: 'wrong' }
  assert.deepEqual(await errorOf(box.client({ credentials }).send(list)), {
    name: 'SignatureDoesNotMatch',
    status: 403,
  })
  const stranger = box.client({ credentials: { accessKeyId: 'nobody', secretAccessKey } })
  assert.equal((await errorOf(stranger.send(list))).name, 'InvalidAccessKeyId')
  const elsewhere = box.client({ region: 'us-east-1' })
  assert.equal((await errorOf(elsewhere.send(list))).name, 'AuthorizationHeaderMalformed')
})

for (const [what, tamper] of [
  ['a header', (headers: Record<string, string>) => (headers['x-amz-meta-a'] = 'evil')],
  [
    'the payload hash',
    (headers: Record<string, string>) => (headers['x-amz-content-sha256'] = sha256Hex('other')),
  ],
  [
    'the date',
    (headers: Record<string, string>) =>
      (headers['x-amz-date'] = `${headers['x-amz-date']?.slice(0, 13)}59Z`),
  ],
] as const) {
  test(`notices that ${what} was changed after signing`, async () => {
    await using box = await startTestServer()
    const answer = await sendSigned(box.server, {
      method: 'PUT',
      path: '/box/key',
      headers: { 'x-amz-meta-a': 'good' },
      body: 'content',
      tamper,
    })
    assert.deepEqual([answer.status, answer.code], [403, 'SignatureDoesNotMatch'])
    assert.equal((await sendSigned(box.server, { path: '/box/key' })).status, 404)
  })
}

test('refuses x-amz headers that are not signed', async () => {
  await using box = await startTestServer()
  const answer = await sendSigned(box.server, {
    method: 'PUT',
    path: '/box/key',
    body: '',
    tamper: (headers) => (headers['x-amz-meta-late'] = '1'),
  })
  assert.equal(answer.code, 'AccessDenied')
  assert.match(answer.body.toString(), /not signed/)
})

test('refuses a body that is not the signed one, and keeps nothing of it', async () => {
  await using box = await startTestServer()
  const answer = await sendSigned(box.server, {
    method: 'PUT',
    path: '/box/key',
    body: 'evil',
    payloadHash: sha256Hex('good'),
  })
  assert.deepEqual([answer.status, answer.code], [400, 'XAmzContentSHA256Mismatch'])
  assert.equal((await sendSigned(box.server, { path: '/box/key' })).status, 404)
})

test('takes a clock that is 14 minutes off and refuses one that is 16', async () => {
  const clock = { now: () => 1_800_000_000_000, monotonicMs: () => 0 }
  await using box = await startTestServer({ clock })
  const send = (offsetMs: number) =>
    sendSigned(box.server, { path: '/box', atMs: clock.now() + offsetMs })
  assert.equal((await send(14 * minute)).status, 200)
  assert.equal((await send(-14 * minute)).status, 200)
  for (const offset of [16 * minute, -16 * minute]) {
    const answer = await send(offset)
    assert.deepEqual([answer.status, answer.code], [403, 'RequestTimeTooSkewed'])
    assert.equal(answer.headers.date, 'Fri, 15 Jan 2027 08:00:00 GMT')
  }
})

test('accepts a body that the client did not hash', async () => {
  await using box = await startTestServer()
  const put = { method: 'PUT', path: '/box/key', body: 'any', payloadHash: 'UNSIGNED-PAYLOAD' }
  assert.equal((await sendSigned(box.server, put)).status, 200)
})

test('serves a presigned URL until it expires, and no other method or key', async () => {
  let nowMs = 1_800_000_000_000
  await using box = await startTestServer({ clock: { now: () => nowMs, monotonicMs: () => 0 } })
  const put = await presign(box.server, { method: 'PUT', path: '/box/k%20ey', atMs: nowMs })
  assert.equal((await fetch(put, { method: 'PUT', body: 'presigned' })).status, 200)
  const get = await presign(box.server, { method: 'GET', path: '/box/k%20ey', atMs: nowMs })
  assert.equal(await (await fetch(get)).text(), 'presigned')
  assert.equal((await fetch(get, { method: 'DELETE' })).status, 403)
  assert.equal((await fetch(get.replace('k%20ey', 'other'))).status, 403)
  nowMs += 61_000
  const late = await fetch(get)
  assert.equal(late.status, 403)
  assert.match(await late.text(), /Request has expired/)
})

test('decodes signed chunks, and notices when one was changed', async () => {
  await using box = await startTestServer()
  const good = await sendSignedChunks(box.server, {})
  assert.equal(good.status, 200)
  assert.equal((await sendSigned(box.server, { path: '/box/key' })).body.toString(), 'hello world')
  for (const change of [{ chunk: 'hellO' }, { trailer: 'x-amz-checksum-crc32:AAAAAA==' }]) {
    const answer = await sendSignedChunks(box.server, change)
    assert.deepEqual([answer.status, answer.code], [403, 'SignatureDoesNotMatch'])
  }
  assert.equal((await sendSigned(box.server, { path: '/box/key' })).body.toString(), 'hello world')
})

test('takes a stream from the SDK, which comes unsigned with a trailer', async () => {
  await using box = await startTestServer()
  await box.s3.send(
    new PutObjectCommand({
      Bucket: 'box',
      Key: 'key',
      Body: Readable.from([Buffer.alloc(70_000, 1), Buffer.alloc(70_000, 2)]),
      ContentLength: 140_000,
    }),
  )
  const [put] = box.server.requests.entries('PutObject')
  assert.equal(put?.headers['x-amz-content-sha256'], 'STREAMING-UNSIGNED-PAYLOAD-TRAILER')
  const { body, headers } = await sendSigned(box.server, { path: '/box/key' })
  assert.equal(body.length, 140_000)
  assert.equal(headers['content-encoding'], undefined)
})

async function presign(
  server: S3Server,
  { method, path, atMs }: { method: string; path: string; atMs: number },
): Promise<string> {
  const { hostname, port } = new URL(server.endpoint)
  const signer = new SignatureV4({
    service: 's3',
    region: server.region,
    credentials: server,
    sha256: NodeSha256,
    uriEscapePath: false,
  })
  const headers = { host: `${hostname}:${port}`, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
  const signed = await signer.presign(
    { method, protocol: 'http:', hostname, port: Number(port), path, headers, query: {} },
    { expiresIn: 60, signingDate: new Date(atMs) },
  )
  const query = new URLSearchParams(signed.query as Record<string, string>)
  return `${server.endpoint}${path}?${query.toString().replaceAll('+', '%20')}`
}

/** `hello`, ` world`, and a trailer with the checksum, each signed; `change` is made after signing. */
async function sendSignedChunks(
  server: S3Server,
  change: { readonly chunk?: string; readonly trailer?: string },
) {
  const crc = Buffer.alloc(4)
  crc.writeUInt32BE(crc32('hello world'))
  const trailer = `x-amz-checksum-crc32:${crc.toString('base64')}`
  const raw = {
    method: 'PUT',
    path: '/box/key',
    payloadHash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    headers: {
      'x-amz-decoded-content-length': '11',
      'x-amz-trailer': 'x-amz-checksum-crc32',
      'content-encoding': 'aws-chunked',
    },
  }
  const { headers, scope, signature } = await signHead(server, raw)
  const signer = await startChunkSigner(scope, signature)
  let previous = signer.seed
  let body = ''
  for (const chunk of ['hello', ' world', '']) {
    previous = signer.signChunk(previous, sha256Hex(chunk))
    const sent = chunk === 'hello' ? (change.chunk ?? chunk) : chunk
    body += `${chunk.length.toString(16)};chunk-signature=${previous}\r\n${sent}`
    if (chunk !== '') body += '\r\n'
  }
  const trailerSignature = signer.signTrailer(previous, sha256Hex(`${trailer}\n`))
  body += `${change.trailer ?? trailer}\r\nx-amz-trailer-signature:${trailerSignature}\r\n\r\n`
  return sendRaw(server, { ...raw, headers, body })
}
