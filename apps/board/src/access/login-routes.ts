import type { Logger } from '@backstream/kernel'
import express, { type Request, type Response, type Router } from 'express'
import { createSay } from '../page/say.ts'
import { hasToken } from './gate.ts'
import { type LoginPage, renderLogin } from './login-page.ts'
import type { Sessions } from './sessions.ts'
import type { UserDirectory } from './users.ts'

export interface LoginOptions {
  readonly users: UserDirectory
  readonly sessions: Sessions
  readonly basePath: string
  readonly installation: string
  readonly version: string
  readonly hasUsers: boolean
  readonly provider: string | null
  readonly logger: Logger
}

/** Log in by name and password, and out again. */
export function createLoginRoutes(options: LoginOptions): Router {
  const { users, sessions, basePath, logger } = options
  const routes = express.Router()
  const page = (request: Request, response: Response, problem: string | null = null) => {
    const session = sessions.read(request) ?? sessions.open(request, response, null)
    const to = safeTarget(request.body?.to ?? request.query['to'], basePath)
    const { installation, version, hasUsers, provider } = options
    const shown: LoginPage = { to, problem, hasUsers, provider }
    const token = sessions.tokenOf(session)
    const say = createSay(undefined)
    const context = { installation, version, basePath, token, say, user: null, canAct: false }
    response.set('Cache-Control', 'no-store').type('html').send(renderLogin(shown, context))
  }
  routes.get('/login', (request, response) => page(request, response))
  routes.post('/login', async (request, response) => {
    const { name, password, to } = (request.body ?? {}) as Record<string, unknown>
    if (!hasToken(request, sessions, sessions.read(request) ?? null)) {
      return page(request, response.status(403), 'That page was too old. Please try again.')
    }
    const user = await users.enter(String(name), String(password))
    if (user === undefined) {
      logger.warn({ from: request.ip, audit: 'login-refused' }, 'refused a wrong user or password')
      return page(request, response.status(401), 'That name and password do not go together.')
    }
    sessions.open(request, response, { name: user.name, role: null, proof: user.proof })
    logger.info({ user: user.name, from: request.ip, audit: 'login' }, `${user.name} logged in`)
    response.redirect(303, safeTarget(to, basePath))
  })
  return routes
}

/** A page of this board, whatever was asked for: nobody is sent elsewhere from here. */
export function safeTarget(to: unknown, basePath: string): string {
  const home = `${basePath}/`
  if (typeof to !== 'string' || !to.startsWith(home)) return home
  return /^\/(?![/\\])[\x21-\x7e]*$/.test(to) ? to : home
}
