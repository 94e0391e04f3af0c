import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { BoardUser, SecretRef } from '@backstream/config'
import { BoardError } from '../board-error.ts'

export type Role = BoardUser['role']
export type ReadSecret = (ref: SecretRef) => string | Promise<string>

export interface User {
  readonly name: string
  readonly role: Role
}

export interface UserDirectory {
  /** False when nobody is configured: then everyone who reaches the board may do everything. */
  readonly asksForPassword: boolean
  /**
   * Who an `Authorization` header speaks for; undefined when it is missing, malformed or wrong.
   * Takes the same work for an unknown name as for a wrong password. Passwords are read anew each
   * time, so a rotated secret needs no restart.
   */
  identify(authorization: string | undefined): Promise<User | undefined>
  /** Rejects with a `BoardError` `usage` when a password cannot be read or is empty. */
  check(): Promise<void>
}

export function createUserDirectory(
  users: Readonly<Record<string, BoardUser>>,
  readSecret: ReadSecret,
): UserDirectory {
  const names = Object.keys(users)
  // Comparing keyed digests takes the same time wherever two passwords first differ, and whatever
  // their lengths; the key lives as long as the process.
  const key = randomBytes(32)
  const digest = (text: string) => createHmac('sha256', key).update(text).digest()

  return {
    asksForPassword: names.length > 0,
    async identify(authorization) {
      const given = parseBasic(authorization)
      if (given === undefined) return undefined
      const isKnown = Object.hasOwn(users, given.name)
      const user = users[isKnown ? given.name : (names[0] ?? '')]
      if (user === undefined) return undefined
      const password = await readSecret(user.password)
      const isRight = timingSafeEqual(digest(given.password), digest(password))
      const mayEnter = isRight && isKnown && password !== ''
      return mayEnter ? { name: given.name, role: user.role } : undefined
    },
    async check() {
      for (const name of names) await checkPassword(name, users, readSecret)
    },
  }
}

async function checkPassword(
  name: string,
  users: Readonly<Record<string, BoardUser>>,
  readSecret: ReadSecret,
): Promise<void> {
  const remedy = `Give board.users.${name}.password a file or variable that holds it.`
  const user = users[name]
  if (user === undefined) return
  let password: string
  try {
    password = await readSecret(user.password)
  } catch (cause) {
    throw new BoardError('usage', `the password of board user ${name} cannot be read`, {
      cause,
      remedy,
    })
  }
  if (password === '') {
    throw new BoardError('usage', `the password of board user ${name} is empty`, { remedy })
  }
}

function parseBasic(
  authorization: string | undefined,
): { name: string; password: string } | undefined {
  const encoded = /^basic +([a-z0-9+/]+=*) *$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon === -1) return undefined
  return { name: text.slice(0, colon), password: text.slice(colon + 1) }
}
