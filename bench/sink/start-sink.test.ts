import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:https'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { makeTlsIdentity } from '@backstream/testkit'
import { startSink } from './start-sink.ts'

const md5 = (text: string) => createHash('md5').update(text)

test('the sink answers an upload with what its client stated: the ETag of Content-MD5s, and a CRC-32', async () => {
  await using sink = await startSink()
  const object = `${sink.endpoint}/bench/folder/archive`
  const created = await (await fetch(`${object}?uploads`, { method: 'POST' })).text()
  const id = /<UploadId>([^<]+)</.exec(created)?.[1]
  for (const [index, body] of ['first', 'second'].entries()) {
    const answer = await fetch(`${object}?partNumber=${index + 1}&uploadId=${id}`, {
      method: 'PUT',
      body,
      headers: { 'content-md5': md5(body).digest('base64') },
    })
    assert.equal(answer.headers.get('etag'), `"${md5(body).digest('hex')}"`)
  }
  const stated = { 'x-amz-checksum-crc32': 'AAAAAA==' }
  await (await fetch(`${object}?uploadId=${id}`, { method: 'POST', headers: stated })).text()

  const { headers } = await fetch(object, { method: 'HEAD' })
  const both = Buffer.concat([md5('first').digest(), md5('second').digest()])
  assert.equal(headers.get('etag'), `"${createHash('md5').update(both).digest('hex')}-2"`)
  assert.equal(headers.get('content-length'), '11')
  assert.equal(headers.get('x-amz-checksum-crc32'), 'AAAAAA==')
})

test('the sink answers over TLS with the same objects', async () => {
  await using identity = await makeTlsIdentity()
  const [key, cert] = [identity.keyFile, identity.certificateFile].map((file) =>
    readFileSync(file, 'utf8'),
  ) as [string, string]
  await using sink = await startSink({ tls: { key, cert } })
  await fetch(`${sink.endpoint}/bench/mark`, { method: 'PUT', body: 'kept' })
  const answer = get(`${sink.tlsEndpoint}/bench/mark`, { ca: cert })
  const [response] = (await once(answer, 'response')) as [IncomingMessage]
  assert.equal(await text(response), 'kept')
})

test('the sink keeps small objects, and makes none a second time where that is forbidden', async () => {
  await using sink = await startSink()
  const put = (body: string) =>
    fetch(`${sink.endpoint}/bench/mark`, {
      method: 'PUT',
      body,
      headers: { 'if-none-match': '*' },
    })
  assert.equal((await put('one')).status, 200)
  assert.equal((await put('two')).status, 412)
  assert.equal(await (await fetch(`${sink.endpoint}/bench/mark`)).text(), 'one')
})

test('the sink swallows what is large and says that it cannot give it back', async () => {
  await using sink = await startSink()
  const url = `${sink.endpoint}/bench/large`
  await fetch(url, { method: 'PUT', body: Buffer.alloc(3 << 20) })
  assert.equal((await fetch(url)).status, 501)
  const listing = await (await fetch(`${sink.endpoint}/bench?list-type=2&prefix=l`)).text()
  assert.match(listing, /<Key>large<\/Key>.*<Size>3145728<\/Size>/)
})

test('the sink lists in byte order, with folders where a delimiter is given', async () => {
  await using sink = await startSink()
  for (const key of ['b', 'a/2', 'a/1']) {
    await fetch(`${sink.endpoint}/bench/${key}`, { method: 'PUT', body: key })
  }
  const listing = await (
    await fetch(`${sink.endpoint}/bench?list-type=2&prefix=&delimiter=/`)
  ).text()
  assert.deepEqual(
    [...listing.matchAll(/<(?:Key|Prefix)>([^<]*)</g)].map((match) => match[1]),
    ['b', 'a/'],
  )
})
