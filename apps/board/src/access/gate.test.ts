import { equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ann, ask, json, startSampleBoard, tokenOf, users, vic } from '../sample-board.ts'

describe('the gate', () => {
  for (const path of ['/', '/metrics', '/queues/', '/queues/api/queues', '/assets/board.css']) {
    it(`serves ${path} on this machine, and to nobody who came by another name`, async () => {
      await using board = await startSampleBoard()
      equal((await ask(board.url + path)).status, 200)
      const foreign = await ask(board.url + path, { headers: { host: 'evil.example' } })
      equal(foreign.status, 403)
      match(foreign.body, /board\.url/)
    })

    // What the page for logging in is drawn with.
    if (path.startsWith('/assets')) continue
    it(`asks for a password for ${path} when there are users`, async () => {
      await using board = await startSampleBoard({ users })
      const asked = await ask(board.url + path)
      equal(asked.status, 401)
      match(String(asked.headers['www-authenticate']), /^Basic realm/)
      const wrong = { authorization: `Basic ${btoa('ann:look')}` }
      equal((await ask(board.url + path, { headers: wrong })).status, 401)
      equal((await ask(board.url + path, { headers: { authorization: vic } })).status, 200)
    })
  }

  it('refuses a foreign Host even with the right password', async () => {
    await using board = await startSampleBoard({ users })
    const headers = { host: 'evil.example', authorization: ann }
    equal((await ask(`${board.url}/`, { headers })).status, 403)
  })

  for (const headers of [
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
  ]) {
    it(`refuses a change from elsewhere (${JSON.stringify(headers)}), password or not`, async () => {
      await using open = await startSampleBoard()
      await using closed = await startSampleBoard({ users })
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
    await using board = await startSampleBoard({ users })
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
      await using board = await startSampleBoard({ users })
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
      await using board = await startSampleBoard()
      const answer = await ask(`${board.url}/queues/api/queues/${path}`, {
        method: 'PATCH',
        headers: json,
        body: '{"jobData":{},"runAt":1,"every":1000}',
      })
      equal(answer.status, 403)
    })
  }

  it('refuses a body that is huge, or not JSON', async () => {
    await using board = await startSampleBoard()
    const add = `${board.url}/queues/api/queues/backups/add`
    const huge = JSON.stringify({ data: { plan: 'x'.repeat(100_000) } })
    const ours = await tokenOf(board.url)
    const asked = { method: 'POST', headers: { ...json, ...ours }, body: huge }
    equal((await ask(add, asked)).status, 413)
    const text = { ...ours, 'content-type': 'text/plain' }
    equal((await ask(add, { ...asked, headers: text, body: '{}' })).status, 415)
    equal((await ask(add, { ...asked, body: '{' })).status, 400)
  })

  it('refuses people with a page, and scripts with a document', async () => {
    await using board = await startSampleBoard()
    const at = `${board.url}/plans/nowhere`
    const accept = 'text/html,application/xhtml+xml,*/*;q=0.8'
    const page = await ask(at, { headers: { accept } })
    equal(page.status, 404)
    match(page.body, /<h1>Nothing here<\/h1>.*There is no such page.*To the overview/s)
    const document = await ask(at)
    equal(document.status, 404)
    equal(JSON.parse(document.body).message, 'There is no such page here.')
    const foreign = await ask(at, { headers: { accept, host: 'elsewhere.example' } })
    equal(foreign.body.includes('<'), false, 'another name is told nothing of this board')
  })

  it('takes no change without the token of a page, nor with that of somebody else', async () => {
    await using board = await startSampleBoard()
    const pause = `${board.url}/queues/api/queues/pause`
    const ours = await tokenOf(board.url)
    const theirs = await tokenOf(board.url)
    const mixed = { ...ours, 'x-xsrf-token': theirs['x-xsrf-token'] ?? '' }
    for (const headers of [{}, { cookie: ours['cookie'] ?? '' }, mixed]) {
      equal((await ask(pause, { method: 'PUT', headers })).status, 403)
    }
    equal((await ask(pause, { method: 'PUT', headers: ours })).status, 200)
  })

  it('believes forwarded headers of proxies that are named, and of nobody else', async () => {
    const url = 'https://backups.example.com'
    const headers = {
      host: '10.0.0.1:7373',
      'x-forwarded-host': 'backups.example.com',
      'x-forwarded-proto': 'https',
    }
    await using named = await startSampleBoard({ url, trustedProxies: ['127.0.0.1'] })
    const page = await ask(named.url, { headers })
    equal(page.status, 200)
    ok(page.headers['set-cookie']?.every((cookie) => /; Secure/.test(cookie)))
    await using unnamed = await startSampleBoard({ url, trustedProxies: ['192.0.2.1'] })
    equal((await ask(unnamed.url, { headers })).status, 403)
  })
})
