import { equal, rejects } from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { type S3FaultProxy, startS3FaultProxy } from './s3-fault-proxy.ts'
import { waitFor } from './wait-for.ts'

/** Answers with what it was asked, and notes it. */
async function startStore() {
  const seen: string[] = []
  const server = createServer(async (request, response) => {
    const body = await text(request).catch(() => 'broken off')
    seen.push(`${request.method} ${request.url} ${body.length || ''}`.trim())
    response.writeHead(200, { etag: '"e"' }).end(`done ${body}`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy = await startS3FaultProxy(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  )
  return {
    seen,
    proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const put = (proxy: S3FaultProxy, path: string, init: RequestInit = {}) =>
  fetch(`${proxy.endpoint}/bucket/${path}`, { method: 'PUT', body: 'x', ...init })

test('passes on what no fault fits, with its headers, and gives back the answer', async () => {
  await using store = await startStore()
  store.proxy.add({ operation: 'PutObject', key: /^other$/, action: { cut: 'before' } })
  const answer = await put(store.proxy, 'a%20key', { body: 'body' })
  equal(answer.headers.get('etag'), '"e"')
  equal(await answer.text(), 'done body')
  equal(store.seen[0], 'PUT /bucket/a%20key 4')
})

test('answers with an error instead of doing it, so often and no more', async () => {
  await using store = await startStore()
  store.proxy.add({ operation: 'PutObject', times: 1, action: { status: 503, at: 'before' } })
  equal((await put(store.proxy, 'k')).status, 503)
  equal(store.seen.length, 0)
  equal((await put(store.proxy, 'k')).status, 200)
})

test('breaks the connection half way through the answer', async () => {
  await using store = await startStore()
  store.proxy.add({ action: { cut: 'mid-response' }, times: 1 })
  const answer = await put(store.proxy, 'k', { body: 'x'.repeat(1000) })
  equal(answer.status, 200)
  await rejects(answer.text())
  equal((await put(store.proxy, 'k')).status, 200)
})

test('does it and answers with an error, or with nothing', async () => {
  await using store = await startStore()
  store.proxy.add({ key: /^lied$/, action: { status: 500, at: 'after' } })
  store.proxy.add({ key: /^lost$/, action: { cut: 'after' } })
  equal((await put(store.proxy, 'lied')).status, 500)
  await rejects(put(store.proxy, 'lost'))
  equal(store.seen.length, 2)
})

test('breaks off with half of the body sent on', async () => {
  await using store = await startStore()
  store.proxy.add({ action: { cut: 'mid-request' } })
  await rejects(put(store.proxy, 'k?partNumber=2&uploadId=u', { body: 'x'.repeat(500_000) }))
  await waitFor(() => store.seen.length > 0, { what: 'the broken request' })
  equal(store.seen[0], 'PUT /bucket/k?partNumber=2&uploadId=u 10')
})

test('holds the request that comes after some others until it is released', async () => {
  await using store = await startStore()
  const held = store.proxy.add({ operation: 'PutObject', skip: 1, action: { hold: 'before' } })
  equal((await put(store.proxy, 'first')).status, 200)
  const second = put(store.proxy, 'second')
  await held.struck
  equal(store.seen.length, 1)
  held.release()
  equal((await second).status, 200)
})

test('a held request is carried out though its sender is gone, unless it is dropped', async () => {
  await using store = await startStore()
  const ghost = store.proxy.add({ key: /^ghost$/, action: { hold: 'before' } })
  const gone = store.proxy.add({ key: /^gone$/, action: { hold: 'before' } })
  const leaving = new AbortController()
  const { signal } = leaving
  const sent = [put(store.proxy, 'ghost', { signal }), put(store.proxy, 'gone', { signal })]
  await Promise.all([ghost.struck, gone.struck])
  leaving.abort()
  for (const one of sent) await rejects(one)
  gone.drop()
  ghost.release()
  await waitFor(() => store.seen.length === 1, { what: 'the late request' })
  equal(store.seen[0], 'PUT /bucket/ghost 1')
})
