/**
 * Who somebody is, in a cookie that only this board can write: nothing is kept on this side, so any
 * number of boards and restarts know the same people.
 *
 * `backstream` holds the session, signed. `XSRF-TOKEN` holds the word that every change must repeat,
 * in a form or in the header `X-XSRF-TOKEN`: another site's page can make a browser send cookies, but
 * cannot read them. Bull Board's page repeats that one by itself.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '@backstream/kernel'
import { parseCookie, stringifySetCookie } from 'cookie'
import type { Request, Response } from 'express'
import type { Role } from './users.ts'

export interface Session {
  readonly id: string
  readonly expiresAtMs: number
  /** Null for somebody who has not said who they are, or need not. */
  readonly person: Person | null
}

export interface Person {
  readonly name: string
  /** Said by an identity provider; null: as the configuration says now. */
  readonly role: Role | null
  /** Of the password it was opened with: a changed password ends it. */
  readonly proof: string
}

export interface Sessions {
  /** Undefined when there is none, or it is not ours, or it has ended. */
  read(request: Request): Session | undefined
  /** Opens a new one, under a new id. */
  open(request: Request, response: Response, person: Person | null): Session
  close(request: Request, response: Response): void
  tokenOf(session: Session): string
  isTokenOf(session: Session, given: unknown): boolean
  /** Seals something small for a cookie of its own, and opens it again. */
  seal(value: unknown): string
  unseal(text: string | undefined): unknown
}

export interface SessionsOptions {
  readonly key: Buffer
  readonly clock: Clock
  readonly basePath: string
}

const lastsMs = 12 * 3_600_000
const sessionCookie = 'backstream'
const tokenCookie = 'XSRF-TOKEN'

export function createSessions({ key, clock, basePath }: SessionsOptions): Sessions {
  const sign = (text: string) => createHmac('sha256', key).update(text).digest('base64url')
  const path = basePath === '' ? '/' : basePath

  function seal(value: unknown): string {
    const text = Buffer.from(JSON.stringify(value)).toString('base64url')
    return `${text}.${sign(`sealed ${text}`)}`
  }

  function unseal(sealed: string | undefined): unknown {
    const [text = '', signature = ''] = (sealed ?? '').split('.')
    if (!isEqual(signature, sign(`sealed ${text}`))) return undefined
    return JSON.parse(Buffer.from(text, 'base64url').toString())
  }

  function setCookies(request: Request, response: Response, values: readonly [string, string][]) {
    for (const [name, value] of values) {
      const cookie = stringifySetCookie({
        ...{ name, value, path, sameSite: 'lax', secure: request.secure },
        httpOnly: name !== tokenCookie,
        maxAge: value === '' ? 0 : lastsMs / 1000,
      })
      response.append('Set-Cookie', cookie)
    }
  }

  const tokenOf = ({ id }: Session) => sign(`token ${id}`)
  return {
    read(request) {
      const session = unseal(parseCookie(request.headers.cookie ?? '')[sessionCookie])
      return isSession(session) && session.expiresAtMs > clock.now() ? session : undefined
    },
    open(request, response, person) {
      const id = randomBytes(18).toString('base64url')
      const session = { id, expiresAtMs: clock.now() + lastsMs, person }
      setCookies(request, response, [
        [sessionCookie, seal(session)],
        [tokenCookie, tokenOf(session)],
      ])
      return session
    },
    close(request, response) {
      setCookies(request, response, [
        [sessionCookie, ''],
        [tokenCookie, ''],
      ])
    },
    tokenOf,
    isTokenOf: (session, given) => typeof given === 'string' && isEqual(given, tokenOf(session)),
    seal,
    unseal,
  }
}

/** Only what we sealed comes here; another version may have sealed something else. */
function isSession(value: unknown): value is Session {
  if (typeof value !== 'object' || value === null) return false
  const { id, expiresAtMs, person } = value as Record<string, unknown>
  return typeof id === 'string' && typeof expiresAtMs === 'number' && person !== undefined
}

function isEqual(a: string, b: string): boolean {
  const [given, wanted] = [Buffer.from(a), Buffer.from(b)]
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}
