/**
 * What stands before every page: Host, then Origin, then who asks, then the word only our own pages
 * know, then role. Each refusal says in one sentence what to change; none says whether a name or a
 * password was wrong.
 */
import type { Logger } from '@backstream/kernel'
import type { Request, RequestHandler, Response } from 'express'
import { type HostRules, isKnownHost } from './host-check.ts'
import { isOwnOrigin } from './origin-check.ts'
import { changesState, refuse, wantsPage } from './refuse.ts'
import type { Session, Sessions } from './sessions.ts'
import type { User, UserDirectory } from './users.ts'

export interface GateOptions {
  readonly rules: HostRules
  readonly users: UserDirectory
  readonly sessions: Sessions
  /** Without a slash at its end. */
  readonly basePath: string
  readonly logger: Logger
}

/** Refuses requests by a name that is not ours, and changes that another site asks for. */
export function createDoor({ rules, logger }: GateOptions): RequestHandler {
  return (request, response, next) => {
    const at = { address: request.socket.localAddress, port: request.socket.localPort }
    // Express reads X-Forwarded-Host here when, and only when, a trusted proxy sent it.
    if (!isKnownHost(request.host, at, rules)) {
      logger.warn({ host: request.host, from: request.ip }, 'refused a request by its Host')
      return refuse(response, 403, unknownName)
    }
    const headers = { ...request.headers, host: request.host }
    if (changesState(request) && !isOwnOrigin(headers, rules.url)) {
      const { origin } = request.headers
      logger.warn({ origin, from: request.ip }, 'refused a change asked for by another site')
      return refuse(response, 403, 'Changes are only taken from the board’s own pages.')
    }
    next()
  }
}

const unknownName =
  'This board does not answer to that name. Set board.url to the address people use.'

/** Lets a request through with its user and session known to `userOf` and `sessionOf`, or answers it. */
export function createGate(options: GateOptions): RequestHandler {
  return async (request, response, next) => {
    const user = await findUser(request, response, options)
    if (user === undefined) return askWho(request, response, options)
    response.locals['user'] = user
    next()
  }
}

/** A change needs the token of its session, and an operator. Bodies of forms are parsed by now. */
export function createChangeCheck({ sessions, logger }: GateOptions): RequestHandler {
  return (request, response, next) => {
    if (!changesState(request)) return next()
    if (!isByScript(request) && !hasToken(request, sessions, sessionOf(response))) {
      logger.warn({ from: request.ip, path: request.path }, 'refused a change without its token')
      return refuse(response, 403, 'This page is too old to change anything: load it again.')
    }
    if (userOf(response).role === 'operator' || request.path.endsWith('/logout')) return next()
    refuse(response, 403, 'A viewer may look, not change. Ask an operator.')
  }
}

/** Who asks. */
export function userOf(response: Response): User {
  return response.locals['user'] as User
}

/** Null for a script, which says who it is with every request. */
export function sessionOf(response: Response): Session | null {
  return (response.locals['session'] as Session | undefined) ?? null
}

export function hasToken(request: Request, sessions: Sessions, session: Session | null): boolean {
  const body = request.body as { token?: unknown } | undefined
  const given = request.headers['x-xsrf-token'] ?? body?.token
  return session !== null && sessions.isTokenOf(session, given)
}

/** Nobody is asked for a password, and so everybody may do everything. */
export const everyone: User = { name: 'local', role: 'operator' }

async function findUser(
  request: Request,
  response: Response,
  { users, sessions, logger }: GateOptions,
): Promise<User | undefined> {
  const { authorization } = request.headers
  if (users.asksForPassword && authorization !== undefined) {
    const user = await users.identify(authorization)
    if (user === undefined) logger.warn({ from: request.ip }, 'refused a wrong user or password')
    return user
  }
  const session = sessions.read(request)
  if (!users.asksForPassword) {
    response.locals['session'] = session ?? sessions.open(request, response, null)
    return everyone
  }
  if (!session?.person) return undefined
  response.locals['session'] = session
  return await users.recall(session.person)
}

/** People get a page to log in on, scripts are told how. */
function askWho(request: Request, response: Response, { basePath }: GateOptions): void {
  const isPage = request.method === 'GET' && wantsPage(request)
  if (isPage && request.headers.authorization === undefined) {
    const to = encodeURIComponent(request.originalUrl)
    response.redirect(303, `${basePath}/login?to=${to}`)
    return
  }
  // A browser would answer this with a dialog of its own in the middle of a page.
  if (request.headers['sec-fetch-mode'] === undefined) {
    response.set('WWW-Authenticate', 'Basic realm="Backstream", charset="UTF-8"')
  }
  refuse(response, 401, 'User and password, please.')
}

/** Says who it is by itself, which no other site can make a browser do without these headers. */
function isByScript({ headers }: Request): boolean {
  const isBrowser = headers.origin !== undefined || headers['sec-fetch-site'] !== undefined
  return headers.authorization !== undefined && !isBrowser
}
