import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import type { BoardConfig } from '@backstream/config'
import { silentLogger, systemClock } from '@backstream/kernel'
import { createMetrics } from '@backstream/runtime'
import { sampleConfig } from './sample-config.ts'
import { type Board, type ServeBoardDeps, serveBoard } from './serve-board.ts'

const users = {
  ann: { role: 'operator', password: { value: 'secret' } },
  vic: { role: 'viewer', password: { value: 'look' } },
} as const
const ann = `Basic ${btoa('ann:secret')}`
const vic = `Basic ${btoa('vic:look')}`

const noQueue = () => Promise.reject(new Error('no queue here'))

async function start(
  board: Partial<BoardConfig> = {},
  deps: Partial<ServeBoardDeps> = {},
): Promise<Board & AsyncDisposable> {
  const started = await serveBoard({
    config: sampleConfig({ board }),
    queues: [],
    producer: { enqueueRun: noQueue, retryRun: noQueue, findRuns: async () => [] },
    overview: { load: async () => [], loadUnknown: async () => [] },
    metrics: createMetrics({ installation: 'home', version: '0.1.0' }),
    readQueues: async () => ({ queues: [], bullmq: 'bullmq_job_count 1\n' }),
    pingRedis: async () => {},
    readSecret: (ref) => ('value' in ref ? ref.value : ''),
    logger: silentLogger,
    clock: systemClock,
    version: '0.1.0',
    timeZone: undefined,
    ...deps,
  })
  return { ...started, [Symbol.asyncDispose]: () => started.close() }
}

interface Ask {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** `fetch` does not let a test choose its Host. */
async function ask(url: string, { method = 'GET', headers = {}, body }: Ask = {}) {
  const asked = request(url, { method, headers, agent: false })
  asked.end(body)
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

const json = { 'content-type': 'application/json' }

describe('serveBoard', () => {
  it('refuses to be open to a network without users', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'nas.local']) {
      await rejects(start({ host }), { code: 'usage', remedy: /board\.users/ })
    }
  })

  it('listens on all addresses once there are users', async () => {
    await using board = await start({ host: '0.0.0.0', users })
    const port = new URL(board.url).port
    equal((await ask(`http://127.0.0.1:${port}/`)).status, 401)
    equal((await ask(`http://127.0.0.1:${port}/`, { headers: { authorization: ann } })).status, 200)
  })

  it('says that its port is taken', async () => {
    await using first = await start()
    await rejects(start({ port: Number(new URL(first.url).port) }), {
      code: 'listen',
      remedy: /BACKSTREAM_BOARD_LISTEN/,
    })
  })

  for (const path of ['/', '/metrics', '/queues/', '/queues/api/queues', '/assets/board.css']) {
    it(`serves ${path} on this machine, and to nobody who came by another name`, async () => {
      await using board = await start()
      equal((await ask(board.url + path)).status, 200)
      const foreign = await ask(board.url + path, { headers: { host: 'evil.example' } })
      equal(foreign.status, 403)
      match(foreign.body, /board\.url/)
    })

    it(`asks for a password for ${path} when there are users`, async () => {
      await using board = await start({ users })
      const asked = await ask(board.url + path)
      equal(asked.status, 401)
      match(String(asked.headers['www-authenticate']), /^Basic realm/)
      const wrong = { authorization: `Basic ${btoa('ann:look')}` }
      equal((await ask(board.url + path, { headers: wrong })).status, 401)
      equal((await ask(board.url + path, { headers: { authorization: vic } })).status, 200)
    })
  }

  it('refuses a foreign Host even with the right password', async () => {
    await using board = await start({ users })
    const headers = { host: 'evil.example', authorization: ann }
    equal((await ask(`${board.url}/`, { headers })).status, 403)
  })

  it('answers health to anybody, by any name, and tells nothing else', async () => {
    await using board = await start({ users })
    for (const path of ['/healthz', '/readyz']) {
      const answer = await ask(board.url + path, { headers: { host: 'evil.example' } })
      deepEqual([answer.status, answer.body], [200, 'ok\n'])
    }
  })

  it('is alive and not ready while Redis is away', async () => {
    const pingRedis = () => Promise.reject(new Error('redis://:secret@host'))
    await using board = await start({}, { pingRedis })
    equal((await ask(`${board.url}/healthz`)).status, 200)
    const ready = await ask(`${board.url}/readyz`)
    deepEqual([ready.status, ready.body], [503, 'Redis cannot be reached\n'])
  })

  it('is ready however stale the backups are', async () => {
    const overview = {
      load: () => Promise.reject(new Error('no bucket')),
      loadUnknown: () => Promise.reject(new Error('no bucket')),
    }
    await using board = await start({}, { overview })
    equal((await ask(`${board.url}/readyz`)).status, 200)
    match((await ask(`${board.url}/`)).body, /1 of 1 plan needs you\. Worst: media, unknown\./)
  })

  for (const headers of [
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
  ]) {
    it(`refuses a change from elsewhere (${JSON.stringify(headers)}), password or not`, async () => {
      await using open = await start()
      await using closed = await start({ users })
      const put = { method: 'PUT' }
      const pause = '/queues/api/queues/pause'
      equal((await ask(open.url + pause, { ...put, headers })).status, 403)
      const withPassword = { ...headers, authorization: ann }
      equal((await ask(closed.url + pause, { ...put, headers: withPassword })).status, 403)
      equal(
        (await ask(closed.url + pause, { ...put, headers: { authorization: ann } })).status,
        200,
      )
    })
  }

  it('lets a viewer look and change nothing', async () => {
    await using board = await start({ users })
    const headers = { authorization: vic }
    equal((await ask(`${board.url}/queues/api/queues`, { headers })).status, 200)
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const refused = await ask(`${board.url}/queues/api/queues/pause`, { method, headers })
      equal(refused.status, 403, method)
      match(refused.body, /viewer/)
    }
  })

  for (const path of [
    'queues/backups/obliterate',
    'queues/backups/empty',
    'queues/backups/concurrency',
    'queues/backups/rate-limit',
    'queues/backups/job-schedulers/media/remove',
    'queues/backups/clean/active',
    'queues/backups/clean/delayed',
    'queues/backups/1/remove-unprocessed-children',
  ]) {
    it(`refuses an operator ${path}`, async () => {
      await using board = await start({ users })
      const headers = { authorization: ann, ...json }
      const answer = await ask(`${board.url}/queues/api/${path}`, {
        method: 'PUT',
        headers,
        body: '{"concurrency":1,"max":1,"duration":1,"force":true}',
      })
      ok(answer.status === 403 || answer.status === 400, String(answer.status))
    })
  }

  for (const path of ['backups/1/update-data', 'backups/1/delay', 'backups/job-schedulers/media']) {
    it(`refuses an operator an edit of ${path}`, async () => {
      await using board = await start()
      const answer = await ask(`${board.url}/queues/api/queues/${path}`, {
        method: 'PATCH',
        headers: json,
        body: '{"jobData":{},"runAt":1,"every":1000}',
      })
      equal(answer.status, 403)
    })
  }

  it('refuses a body that is huge, or not JSON', async () => {
    await using board = await start()
    const add = `${board.url}/queues/api/queues/backups/add`
    const huge = JSON.stringify({ data: { plan: 'x'.repeat(100_000) } })
    const asked = { method: 'POST', headers: json, body: huge }
    equal((await ask(add, asked)).status, 413)
    const form = { 'content-type': 'text/plain' }
    equal((await ask(add, { ...asked, headers: form, body: '{}' })).status, 415)
    equal((await ask(add, { ...asked, body: '{' })).status, 400)
  })

  it('changes nothing outside of Bull Board’s API', async () => {
    await using board = await start()
    for (const path of ['/', '/metrics', '/nowhere']) {
      equal((await ask(board.url + path, { method: 'POST' })).status, 404)
    }
  })

  it('may not be framed, sniffed or scripted from elsewhere', async () => {
    await using board = await start()
    for (const path of ['/', '/queues/', '/healthz', '/nowhere']) {
      const { headers } = await ask(board.url + path)
      match(String(headers['content-security-policy']), /frame-ancestors 'none'/)
      match(String(headers['content-security-policy']), /default-src 'none'/)
      equal(headers['x-content-type-options'], 'nosniff')
      equal(headers['x-powered-by'], undefined)
    }
  })

  it('lies under its base path, and answers health at the root too', async () => {
    await using board = await start({ basePath: '/backups/' })
    match(board.url, /\d\/backups$/)
    equal((await ask(`${board.url}/`)).status, 200)
    match((await ask(`${board.url}/queues/`)).body, /<base href="\/backups\/queues\/"/)
    const { origin } = new URL(board.url)
    equal((await ask(`${origin}/healthz`)).status, 200)
    equal((await ask(`${origin}/backups/healthz`)).status, 200)
    equal((await ask(`${origin}/metrics`)).status, 404)
  })

  it('serves its own metrics and BullMQ’s behind them', async () => {
    await using board = await start()
    const { body, headers } = await ask(`${board.url}/metrics`)
    match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/)
    match(body, /^backstream_build_info\{.*\} 1$/m)
    match(body, /^bullmq_job_count 1$/m)
  })

  it('serves its own metrics when Redis has none', async () => {
    const producer = { enqueueRun: noQueue, retryRun: noQueue, findRuns: noQueue }
    await using board = await start({}, { readQueues: noQueue, producer })
    const { status, body } = await ask(`${board.url}/metrics`)
    equal(status, 200)
    match(body, /backstream_build_info/)
  })
})
