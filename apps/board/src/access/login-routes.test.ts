import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ann, ask, cookiesOf, logIn, startSampleBoard, users, vic } from '../sample-board.ts'

describe('logging in', () => {
  it('sends people to a page to log in on, and back to where they wanted to go', async () => {
    await using board = await startSampleBoard({ users })
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
      await using board = await startSampleBoard({ users })
      equal((await logIn(board.url, 'secret', { to })).headers.location, '/')
    })
  }

  it('takes no session that it did not sign, or whose password is another one by now', async () => {
    let password = 'secret'
    const readSecret = () => password
    await using board = await startSampleBoard({ users }, { readSecret })
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
    await using board = await startSampleBoard({ users })
    for (let attempt = 0; attempt < 5; attempt++) {
      equal((await logIn(board.url, `guess ${attempt}`)).status, 401)
      const authorization = `Basic ${btoa(`ann:guess ${attempt}`)}`
      equal((await ask(`${board.url}/`, { headers: { authorization } })).status, 401)
    }
    equal((await logIn(board.url, 'secret')).status, 429)
    equal((await ask(`${board.url}/`, { headers: { authorization: ann } })).status, 429)
  })

  it('counts no right password, however often a script comes', async () => {
    await using board = await startSampleBoard({ users })
    for (let scrape = 0; scrape < 30; scrape++) {
      const { status } = await ask(`${board.url}/healthz`, { headers: { authorization: vic } })
      equal(status, 200)
      const headers = { authorization: vic }
      equal((await ask(`${board.url}/assets/icon.svg`, { headers })).status, 200)
    }
  })
})
