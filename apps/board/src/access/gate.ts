/**
 * What stands before every page: Host, then Origin, then password, then role. Each refusal says in
 * one sentence what to change; none says whether a name or a password was wrong.
 */
import type { Logger } from '@backstream/kernel'
import type { Request, RequestHandler, Response } from 'express'
import { type HostRules, isKnownHost } from './host-check.ts'
import { isOwnOrigin } from './origin-check.ts'
import type { User, UserDirectory } from './users.ts'

export interface GateOptions {
  readonly rules: HostRules
  readonly users: UserDirectory
  readonly logger: Logger
}

/** Lets a request through with its user known to `userOf`, or answers it. */
export function createGate(options: GateOptions): RequestHandler {
  return async (request, response, next) => {
    const refusal =
      checkHost(request, options) ??
      checkOrigin(request, options) ??
      (await checkUser(request, response, options)) ??
      checkRole(request, response)
    if (refusal === undefined) next()
    else refuse(response, ...refusal)
  }
}

/** Who asks. */
export function userOf(response: Response): User {
  return response.locals['user'] as User
}

export function changesState(request: Request): boolean {
  return request.method !== 'GET' && request.method !== 'HEAD'
}

/** In the shape Bull Board's page shows as a message; readable for everyone else. */
export function refuse(response: Response, status: number, message: string): void {
  response.status(status).json({ error: { key: 'ERRORS.FORBIDDEN' }, message })
}

type Refusal = readonly [status: number, message: string]

function checkHost(request: Request, { rules, logger }: GateOptions): Refusal | undefined {
  const at = { address: request.socket.localAddress, port: request.socket.localPort }
  if (isKnownHost(request.headers.host, at, rules)) return undefined
  logger.warn({ host: request.headers.host, from: request.ip }, 'refused a request by its Host')
  return [403, 'This board does not answer to that name. Set board.url to the address people use.']
}

function checkOrigin(request: Request, { rules, logger }: GateOptions): Refusal | undefined {
  if (!changesState(request) || isOwnOrigin(request.headers, rules.url)) return undefined
  const { origin } = request.headers
  logger.warn({ origin, from: request.ip }, 'refused a change asked for by another site')
  return [403, 'Changes are only taken from the board’s own pages.']
}

const everyone: User = { name: 'local', role: 'operator' }

async function checkUser(
  request: Request,
  response: Response,
  { users, logger }: GateOptions,
): Promise<Refusal | undefined> {
  const { authorization } = request.headers
  const user = users.asksForPassword ? await users.identify(authorization) : everyone
  if (user !== undefined) {
    response.locals['user'] = user
    return undefined
  }
  if (authorization !== undefined) {
    logger.warn({ from: request.ip }, 'refused a wrong user or password')
  }
  response.set('WWW-Authenticate', 'Basic realm="Backstream", charset="UTF-8"')
  return [401, 'User and password, please.']
}

function checkRole(request: Request, response: Response): Refusal | undefined {
  if (!changesState(request) || userOf(response).role === 'operator') return undefined
  return [403, 'A viewer may look, not change. Ask an operator.']
}
