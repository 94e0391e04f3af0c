import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import type { BoardConfig } from '@backstream/config'
import { silentLogger, systemClock } from '@backstream/kernel'
import { createMetrics } from '@backstream/runtime'
import { createMemoryStorage } from '@backstream/storage'
import { sampleConfig } from './sample-config.ts'
import { type Board, type ServeBoardDeps, serveBoard } from './serve-board.ts'

const users = {
  ann: { role: 'operator', password: { value: 'secret' } },
  vic: { role: 'viewer', password: { value: 'look' } },
} as const
const ann = `Basic ${btoa('ann:secret')}`
const vic = `Basic ${btoa('vic:look')}`

const noQueue = () => Promise.reject(new Error('no queue here'))
const producer = {
  ...{
    enqueueRun: noQueue,
    enqueueUpkeep: noQueue,
    retryRun: noQueue,
    cancelRun: noQueue,
    getRun: noQueue,
  },
  ...{ workersOf: async () => [], findRuns: async () => [] },
}

async function start(
  board: Partial<BoardConfig> = {},
  deps: Partial<ServeBoardDeps> = {},
): Promise<Board & AsyncDisposable> {
  const started = await serveBoard({
    config: sampleConfig({ board }),
    queues: [],
    producer,
    openStorage: async () => createMemoryStorage(),
    openMaintenance: async () => createMemoryStorage(),
    leasePlan: noQueue,
    runHistory: {
      read: async () => ({ lastEnded: new Map(), failuresAtMs: new Map(), going: [] }),
    },
    listSchedules: async () => [],
    readIdentities: async () => [],
    sessionKey: Buffer.alloc(32, 7),
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

/** What a page that was opened here sends along with a change. */
async function tokenOf(url: string, given: Record<string, string> = {}) {
  const { headers } = await ask(`${url}/`, { headers: given })
  return cookiesOf(headers['set-cookie'])
}

function cookiesOf(lines: readonly string[] = []): Record<string, string> {
  const cookies = lines.map((line) => line.split(';')[0] ?? '')
  const token = cookies.find((cookie) => cookie.startsWith('XSRF-TOKEN='))?.slice(11) ?? ''
  return { cookie: cookies.join('; '), 'x-xsrf-token': token }
}

const form = { 'content-type': 'application/x-www-form-urlencoded' }

async function logIn(url: string, password: string, more: Record<string, string> = {}) {
  const page = await ask(`${url}/login`, { headers: { accept: 'text/html' } })
  const { cookie = '', 'x-xsrf-token': token = '' } = cookiesOf(page.headers['set-cookie'])
  const body = String(new URLSearchParams({ name: 'ann', password, token, ...more }))
  return await ask(`${url}/login`, { method: 'POST', headers: { ...form, cookie }, body })
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

    // What the page for logging in is drawn with.
    if (path.startsWith('/assets')) continue
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
    const openStorage = () => Promise.reject(new Error('no bucket'))
    await using board = await start({}, { openStorage })
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
    const ours = await tokenOf(board.url)
    const asked = { method: 'POST', headers: { ...json, ...ours }, body: huge }
    equal((await ask(add, asked)).status, 413)
    const text = { ...ours, 'content-type': 'text/plain' }
    equal((await ask(add, { ...asked, headers: text, body: '{}' })).status, 415)
    equal((await ask(add, { ...asked, body: '{' })).status, 400)
  })

  it('takes no change without the token of a page, nor with that of somebody else', async () => {
    await using board = await start()
    const pause = `${board.url}/queues/api/queues/pause`
    const ours = await tokenOf(board.url)
    const theirs = await tokenOf(board.url)
    const mixed = { ...ours, 'x-xsrf-token': theirs['x-xsrf-token'] ?? '' }
    for (const headers of [{}, { cookie: ours['cookie'] ?? '' }, mixed]) {
      equal((await ask(pause, { method: 'PUT', headers })).status, 403)
    }
    equal((await ask(pause, { method: 'PUT', headers: ours })).status, 200)
  })

  it('sends people to a page to log in on, and back to where they wanted to go', async () => {
    await using board = await start({ users })
    const page = { headers: { accept: 'text/html,*/*' } }
    const sent = await ask(`${board.url}/plans/media?all=1`, page)
    deepEqual([sent.status, sent.headers.location], [303, '/login?to=%2Fplans%2Fmedia%3Fall%3D1'])
    const entered = await logIn(board.url, 'secret', { to: '/plans/media?all=1' })
    deepEqual([entered.status, entered.headers.location], [303, '/plans/media?all=1'])
    const cookies = entered.headers['set-cookie'] ?? []
    ok(cookies.some((cookie) => /^backstream=.*HttpOnly.*SameSite=Lax/i.test(cookie)))
    const ours = cookiesOf(cookies)
    equal((await ask(`${board.url}/`, { headers: ours })).status, 200)
    const pause = `${board.url}/queues/api/queues/pause`
    equal((await ask(pause, { method: 'PUT', headers: ours })).status, 200)
    const cookie = ours['cookie'] ?? ''
    equal((await ask(pause, { method: 'PUT', headers: { cookie } })).status, 403)
    const out = await ask(`${board.url}/logout`, { method: 'POST', headers: ours })
    deepEqual([out.status, out.headers.location], [303, '/'])
    match(String(out.headers['set-cookie']), /backstream=;.*Max-Age=0/)
  })

  for (const to of ['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:1']) {
    it(`sends nobody to ${to} after they have logged in`, async () => {
      await using board = await start({ users })
      equal((await logIn(board.url, 'secret', { to })).headers.location, '/')
    })
  }

  it('takes no session that it did not sign, or whose password is another one by now', async () => {
    let password = 'secret'
    const readSecret = () => password
    await using board = await start({ users }, { readSecret })
    const ours = cookiesOf((await logIn(board.url, 'secret')).headers['set-cookie'])
    const cookie = ours['cookie'] ?? ''
    const [payload = '', signature = ''] = /backstream=([^;]+)/.exec(cookie)?.[1]?.split('.') ?? []
    const session = JSON.parse(Buffer.from(payload, 'base64url').toString())
    session.person.role = 'operator'
    const forged = Buffer.from(JSON.stringify(session)).toString('base64url')
    equal((await ask(board.url, { headers: { cookie } })).status, 200)
    for (const other of [`${forged}.${signature}`, `${payload}.`, payload, '', 'a.b.c']) {
      const headers = { cookie: `backstream=${other}` }
      equal((await ask(board.url, { headers })).status, 401, other)
    }
    password = 'another'
    equal((await ask(board.url, { headers: { cookie } })).status, 401)
  })

  it('looks at no further password after ten wrong ones, not even at the right one', async () => {
    await using board = await start({ users })
    for (let attempt = 0; attempt < 5; attempt++) {
      equal((await logIn(board.url, `guess ${attempt}`)).status, 401)
      const authorization = `Basic ${btoa(`ann:guess ${attempt}`)}`
      equal((await ask(`${board.url}/`, { headers: { authorization } })).status, 401)
    }
    equal((await logIn(board.url, 'secret')).status, 429)
    equal((await ask(`${board.url}/`, { headers: { authorization: ann } })).status, 429)
  })

  it('counts no right password, however often a script comes', async () => {
    await using board = await start({ users })
    for (let scrape = 0; scrape < 30; scrape++) {
      const { status } = await ask(`${board.url}/healthz`, { headers: { authorization: vic } })
      equal(status, 200)
      const headers = { authorization: vic }
      equal((await ask(`${board.url}/assets/icon.svg`, { headers })).status, 200)
    }
  })

  it('believes forwarded headers of proxies that are named, and of nobody else', async () => {
    const url = 'https://backups.example.com'
    const headers = {
      host: '10.0.0.1:7373',
      'x-forwarded-host': 'backups.example.com',
      'x-forwarded-proto': 'https',
    }
    await using named = await start({ url, trustedProxies: ['127.0.0.1'] })
    const page = await ask(named.url, { headers })
    equal(page.status, 200)
    ok(page.headers['set-cookie']?.every((cookie) => /; Secure/.test(cookie)))
    await using unnamed = await start({ url, trustedProxies: ['192.0.2.1'] })
    equal((await ask(unnamed.url, { headers })).status, 403)
  })

  it('lets no script and no style stand in a page', async () => {
    await using board = await start()
    const { headers, body } = await ask(board.url)
    const policy = String(headers['content-security-policy'])
    match(policy, /script-src 'self';/)
    equal(policy.includes('unsafe'), false)
    equal(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/.test(body), false)
  })

  it('changes nothing outside of Bull Board’s API', async () => {
    await using board = await start()
    const headers = await tokenOf(board.url)
    for (const path of ['/', '/metrics', '/nowhere', '/plans/media']) {
      equal((await ask(board.url + path, { method: 'POST', headers })).status, 404)
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
    const away = { ...producer, findRuns: noQueue }
    await using board = await start({}, { readQueues: noQueue, producer: away })
    const { status, body } = await ask(`${board.url}/metrics`)
    equal(status, 200)
    match(body, /backstream_build_info/)
  })
})
