import { deepEqual, equal, match } from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { silentLogger, systemClock } from '@backstream/kernel'
import express from 'express'
import { OAuth2Server } from 'oauth2-mock-server'
import { createOidcRoutes, roleOf } from './oidc.ts'
import { createSessions } from './sessions.ts'

const provider = new OAuth2Server()
const sessions = createSessions({ key: Buffer.alloc(32, 1), clock: systemClock, basePath: '/b' })
let groups: readonly string[] = []
let url: string
const server = createServer()

before(async () => {
  await provider.issuer.keys.generate('RS256')
  await provider.start(0, '127.0.0.1')
  provider.service.on('beforeTokenSigning', (token) => {
    Object.assign(token.payload, { groups, preferred_username: 'ann' })
  })
  const app = express()
  const routes = createOidcRoutes({
    config: {
      issuer: provider.issuer.url ?? '',
      clientId: 'board',
      clientSecret: { value: 'secret' },
      roles: { admins: 'operator', staff: 'viewer' },
    },
    ...{ boardUrl: null, basePath: '/b', sessions },
    ...{ readSecret: () => 'secret', clock: systemClock, logger: silentLogger },
  })
  app.use('/b', routes)
  // biome-ignore lint/complexity/useMaxParams: Express tells error handlers by their four parameters
  app.use(((error, _request, response, _next) => {
    response.status(error.statusCode ?? 500).send(error.message)
  }) satisfies express.ErrorRequestHandler)
  server.on('request', app)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/b`
})
after(async () => {
  server.closeAllConnections()
  server.close()
  await provider.stop()
})

async function follow(address: string, cookie = '') {
  const response = await fetch(address, { redirect: 'manual', headers: { cookie } })
  const cookies = response.headers.getSetCookie().map((line) => line.split(';')[0] ?? '')
  const location = response.headers.get('location')
  return { status: response.status, location, cookies, text: await response.text() }
}

async function logIn(change: (callback: string) => string = (callback) => callback) {
  const start = await follow(`${url}/oidc/start?to=/b/plans/media`)
  const authorized = await follow(start.location ?? '')
  return await follow(change(authorized.location ?? ''), start.cookies.join('; '))
}

describe('log-in by OpenID Connect', () => {
  it('opens a session with the role of somebody’s group, and leads on', async () => {
    groups = ['cooks', 'admins']
    const entered = await logIn()
    deepEqual([entered.status, entered.location], [303, '/b/plans/media'])
    const cookie = entered.cookies.find((each) => each.startsWith('backstream=')) ?? ''
    const opened = sessions.unseal(cookie.slice('backstream='.length))
    deepEqual((opened as { person: unknown }).person, {
      ...{ name: 'ann', role: 'operator', proof: 'oidc' },
    })
  })

  it('turns away somebody whose groups have no role', async () => {
    groups = ['cooks']
    const { status, text, cookies } = await logIn()
    equal(status, 403)
    match(text, /none of its groups has a role/)
    equal(
      cookies.some((each) => /^backstream=./.test(each)),
      false,
    )
  })

  it('takes no answer to a question it did not ask', async () => {
    groups = ['admins']
    equal((await logIn((callback) => callback.replace(/state=[^&]+/, 'state=other'))).status, 401)
    const start = await follow(`${url}/oidc/start`)
    const authorized = await follow(start.location ?? '')
    equal((await follow(authorized.location ?? '')).status, 400)
  })
})

describe('roleOf', () => {
  const roles = { admins: 'operator', staff: 'viewer' } as const
  it('is the highest of all groups, or none', () => {
    equal(roleOf({ groups: ['staff', 'admins'] }, roles), 'operator')
    equal(roleOf({ groups: 'staff' }, roles), 'viewer')
    equal(roleOf({ roles: ['staff'] }, roles), 'viewer')
    equal(roleOf({ groups: ['constructor', '__proto__'] }, roles), null)
    equal(roleOf({}, roles), null)
    equal(roleOf({}, { '*': 'viewer' }), 'viewer')
  })
})
