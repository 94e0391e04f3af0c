import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { freePort, startHearingServer } from '@backstream/testkit'
import { sendHttp } from './http-request.ts'
import { NotifyError } from './notify-error.ts'
import { sampleDeps, sampleDocument } from './notify-samples.ts'
import { sendHeartbeat, sendNotification } from './send-notification.ts'

const canary = 'c4n4ry-never-shown'
const all = ['failed', 'succeeded'] as const

function webhook(url: string, headers: Record<string, { value: string }> = {}) {
  const notifier = { kind: 'webhook', url: { value: url }, headers, on: all } as const
  return { name: 'ops', notifier } as const
}

function ping(url: string) {
  return { name: 'hc', notifier: { kind: 'ping', url: { value: url }, on: all } } as const
}

/** What of an error could end up in a log, a job or on a screen. */
function everythingOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = Object.fromEntries(Object.entries(error))
  return `${error.stack} ${JSON.stringify(own)} ${everythingOf(error.cause ?? '')}`
}

async function failureOf(sent: Promise<void>): Promise<NotifyError> {
  const error = await sent.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  ok(error instanceof NotifyError, String(error))
  equal(everythingOf(error).includes(canary), false, everythingOf(error))
  return error
}

test('a webhook gets one JSON document by POST, with the headers it wants', async () => {
  await using server = await startHearingServer()
  const document = sampleDocument()
  const to = webhook(`${server.url}/in?room=1`, { 'X-Token': { value: 't' } })
  await sendNotification(to, document, sampleDeps())
  const [heard] = server.heard
  equal(`${heard?.method} ${heard?.path}`, 'POST /in?room=1')
  equal(heard?.headers['x-token'], 't')
  equal(heard?.headers['content-type'], 'application/json')
  deepEqual(JSON.parse(heard?.body ?? ''), {
    format: 'backstream.event/1',
    installation: 'home',
    title: 'media: failed',
    id: 'failed/media/1@1',
    event: 'failed',
    at: '2026-11-24T03:15:00.000Z',
    plan: 'media',
    text: 'pg_dump: exit status 1',
    run: '1',
    backup: null,
    tool: { name: 'backstream', version: '0' },
  })
})

test('a ping says start, success and failure by its path, whatever query it has', async () => {
  await using server = await startHearingServer()
  const tell = (event: 'started' | 'succeeded' | 'failed' | 'overdue' | 'test', path: string) =>
    sendNotification(ping(`${server.url}${path}`), sampleDocument({ event }), sampleDeps())
  await tell('started', '/uuid')
  await tell('succeeded', '/uuid')
  await tell('failed', '/uuid/?create=1')
  await tell('overdue', '/uuid')
  await tell('test', '/uuid')
  deepEqual(
    server.heard.map(({ path }) => path),
    ['/uuid/start', '/uuid', '/uuid/fail?create=1', '/uuid/fail', '/uuid/log'],
  )
  match(server.heard[2]?.body ?? '', /pg_dump: exit status 1/)
})

test('user and password of an address become a header', async () => {
  await using server = await startHearingServer()
  const url = server.url.replace('//', '//me:p%40ss@')
  await sendNotification(webhook(url), sampleDocument(), sampleDeps())
  const [, encoded] = server.heard[0]?.headers.authorization?.split(' ') ?? []
  equal(Buffer.from(encoded ?? '', 'base64').toString(), 'me:p@ss')
})

test('what may pass is tried again, and what will not is not', async () => {
  await using server = await startHearingServer()
  for (const [status, isPermanent] of [
    [500, false],
    [503, false],
    [429, false],
    [408, false],
    [404, true],
    [401, true],
    [302, true],
  ] as const) {
    server.answer(status, { location: `${server.url}/${canary}` })
    const url = `${server.url}/${canary}?key=${canary}`
    const error = await failureOf(sendNotification(webhook(url), sampleDocument(), sampleDeps()))
    deepEqual([error.code, error.permanent], ['rejected', isPermanent], String(status))
    match(error.message, new RegExp(`webhook ops answers with status ${status}`))
  }
  equal(server.heard.length, 7, 'redirects are not followed')
})

test('no failure holds the address, a header or what was answered', async () => {
  await using server = await startHearingServer()
  const closed = `http://me:${canary}@127.0.0.1:${await freePort()}/${canary}`
  const deps = sampleDeps()
  const refused = await failureOf(sendNotification(webhook(closed), sampleDocument(), deps))
  equal(refused.message, 'the webhook ops cannot be reached (ECONNREFUSED)')
  equal(refused.permanent, false)
  for (const [url, headers] of [
    [`ftp://${canary}`, {}],
    [canary, {}],
    [server.url, { 'x-token': { value: `${canary}\nx` } }],
    [server.url, { [`bad name ${canary}`]: { value: '1' } }],
  ] as const) {
    const error = await failureOf(sendNotification(webhook(url, headers), sampleDocument(), deps))
    deepEqual([error.code, error.permanent], ['misconfigured', true])
  }
})

test('whoever does not answer is given up after a while', async () => {
  await using server = await startHearingServer()
  server.answer(null)
  const url = new URL(`${server.url}/${canary}`)
  const { signal } = new AbortController()
  const error = await failureOf(
    sendHttp({ who: 'the webhook ops', url, method: 'GET', signal, timeoutMs: 50 }),
  )
  match(error.message, /no answer in time/)
})

test('an aborted sending rejects with the reason', async () => {
  await using server = await startHearingServer()
  server.answer(null)
  const stop = new AbortController()
  const sent = sendNotification(ping(server.url), sampleDocument(), {
    ...sampleDeps(),
    signal: stop.signal,
  })
  stop.abort(new Error('handed back'))
  await rejects(sent, /handed back/)
})

test('a heartbeat asks its address', async () => {
  await using server = await startHearingServer()
  await sendHeartbeat({ value: `${server.url}/beat` }, sampleDeps())
  deepEqual(
    server.heard.map(({ method, path }) => `${method} ${path}`),
    ['GET /beat'],
  )
})
