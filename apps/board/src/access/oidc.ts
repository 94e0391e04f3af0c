/**
 * Log-in by OpenID Connect: authorization code with PKCE. The identity provider says who somebody is
 * and in which groups; the configuration says which role a group has. State, nonce and verifier lie in
 * a sealed cookie that lives for ten minutes.
 */
import type { OidcConfig, SecretRef } from '@backstream/config'
import { type Clock, describeError, type Logger } from '@backstream/kernel'
import { parseCookie, stringifySetCookie } from 'cookie'
import express, { type Request, type Response, type Router } from 'express'
import * as client from 'openid-client'
import { BoardError } from '../board-error.ts'
import { safeTarget } from './login-routes.ts'
import { isLoopback } from './loopback.ts'
import type { Sessions } from './sessions.ts'
import type { Role } from './users.ts'

export interface OidcOptions {
  readonly config: OidcConfig
  /** The address people use (`board.url`), else the one they came by. */
  readonly boardUrl: string | null
  readonly basePath: string
  readonly sessions: Sessions
  readonly readSecret: (ref: SecretRef) => string | Promise<string>
  readonly clock: Clock
  readonly logger: Logger
}

interface Pending {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly to: string
  readonly endsAtMs: number
}

const cookieName = 'backstream-oidc'
const lastsMs = 10 * 60_000

export function createOidcRoutes(options: OidcOptions): Router {
  const { sessions, basePath, clock, logger } = options
  const routes = express.Router()
  const discovered = createDiscovery(options)
  routes.get('/oidc/start', async (request, response) => {
    const provider = await discovered()
    const verifier = client.randomPKCECodeVerifier()
    const to = safeTarget(request.query['to'], basePath)
    const [state, nonce] = [client.randomState(), client.randomNonce()]
    setPending(
      options,
      { request, response },
      {
        ...{ state, nonce, verifier, to },
        endsAtMs: clock.now() + lastsMs,
      },
    )
    const url = client.buildAuthorizationUrl(provider, {
      redirect_uri: redirectUri(request, options),
      ...{ scope: 'openid profile email', state, nonce },
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    })
    response.redirect(303, url.href)
  })
  routes.get('/oidc/callback', async (request, response) => {
    const pending = readPending(request, options)
    if (pending === undefined) throw refused(400, 'That log-in took too long. Please try again.')
    const claims = await exchange(await discovered(), { request, pending, options })
    const name = nameOf(claims)
    const role = roleOf(claims, options.config.roles)
    setPending(options, { request, response }, null)
    if (role === null) {
      logger.warn({ audit: 'login-refused', user: name, from: request.ip }, `${name} has no role`)
      throw refused(403, `${name} is known, but none of its groups has a role in board.oidc.roles.`)
    }
    sessions.open(request, response, { name, role, proof: 'oidc' })
    logger.info({ audit: 'login', user: name, role, from: request.ip }, `${name} logged in`)
    response.redirect(303, pending.to)
  })
  return routes
}

/** Asks the issuer once, and again when that failed. */
function createDiscovery({ config, readSecret }: OidcOptions): () => Promise<client.Configuration> {
  let found: Promise<client.Configuration> | undefined
  return () => {
    found ??= discover().catch((cause: unknown) => {
      found = undefined
      throw new BoardError(
        'unreachable',
        `${config.issuer} does not answer: ${describeError(cause)}`,
        {
          cause,
          statusCode: 502,
        },
      )
    })
    return found
  }

  async function discover(): Promise<client.Configuration> {
    const issuer = new URL(config.issuer)
    const secret = config.clientSecret && (await readSecret(config.clientSecret))
    // Without TLS only a provider on this machine is believed.
    const isLocal = issuer.protocol === 'http:' && isLoopback(issuer.hostname)
    return await client.discovery(issuer, config.clientId, secret ?? undefined, undefined, {
      ...(isLocal && { execute: [client.allowInsecureRequests] }),
      timeout: 10,
    })
  }
}

interface Exchange {
  readonly request: Request
  readonly pending: Pending
  readonly options: OidcOptions
}

async function exchange(
  provider: client.Configuration,
  { request, pending, options }: Exchange,
): Promise<client.IDToken> {
  const { search } = new URL(request.originalUrl, 'http://board')
  const url = new URL(redirectUri(request, options))
  url.search = search
  try {
    const tokens = await client.authorizationCodeGrant(provider, url, {
      pkceCodeVerifier: pending.verifier,
      expectedState: pending.state,
      expectedNonce: pending.nonce,
      idTokenExpected: true,
    })
    const claims = tokens.claims()
    if (claims === undefined) throw new Error('it sent no ID token')
    return claims
  } catch (cause) {
    options.logger.warn(
      { err: cause, from: request.ip },
      'refused a log-in of the identity provider',
    )
    throw new BoardError('refused', 'The identity provider’s answer was not accepted.', {
      cause,
      statusCode: 401,
    })
  }
}

export function roleOf(
  claims: Readonly<Record<string, unknown>>,
  roles: OidcConfig['roles'],
): Role | null {
  const groups = [claims['groups'], claims['roles']].flat().map(String)
  const given = [...groups, '*'].flatMap((group) =>
    Object.hasOwn(roles, group) ? roles[group] : [],
  )
  if (given.includes('operator')) return 'operator'
  return given.includes('viewer') ? 'viewer' : null
}

function nameOf(claims: client.IDToken): string {
  const { preferred_username: name, email } = claims
  return String(name ?? email ?? claims.sub)
}

function redirectUri(request: Request, { boardUrl, basePath }: OidcOptions): string {
  const origin =
    boardUrl === null ? `${request.protocol}://${request.host}` : new URL(boardUrl).origin
  return `${origin}${basePath}/oidc/callback`
}

function setPending(
  { sessions, basePath }: OidcOptions,
  { request, response }: { readonly request: Request; readonly response: Response },
  pending: Pending | null,
): void {
  const cookie = stringifySetCookie({
    ...{ name: cookieName, value: pending === null ? '' : sessions.seal({ pending }) },
    ...{ path: `${basePath}/oidc`, httpOnly: true, secure: request.secure, sameSite: 'lax' },
    maxAge: pending === null ? 0 : lastsMs / 1000,
  })
  response.append('Set-Cookie', cookie)
}

function readPending(request: Request, { sessions, clock }: OidcOptions): Pending | undefined {
  const sealed = parseCookie(request.headers.cookie ?? '')[cookieName]
  const opened = sessions.unseal(sealed) as { readonly pending?: Pending } | undefined
  const pending = opened?.pending
  return pending !== undefined && pending.endsAtMs > clock.now() ? pending : undefined
}

function refused(statusCode: number, message: string): BoardError {
  return new BoardError('refused', message, { statusCode, permanent: true })
}
