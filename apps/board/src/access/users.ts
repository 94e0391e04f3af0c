import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { BoardUser, SecretRef } from '@backstream/config'
import { BoardError } from '../board-error.ts'
import type { Person } from './sessions.ts'

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
  /** Whom a name and a password open a session for; undefined when either is wrong. */
  enter(name: string, password: string): Promise<(User & Pick<Person, 'proof'>) | undefined>
  /** Who a session is of, by what is configured now; undefined when it counts no more. */
  recall(person: Person): Promise<User | undefined>
  /** Rejects with a `BoardError` `usage` when a password cannot be read or is empty. */
  check(): Promise<void>
}

export interface UserDirectoryOptions {
  readonly readSecret: ReadSecret
  /** An identity provider may know more. */
  readonly hasProvider?: boolean
  /** What proofs in sessions are made with; one of this process alone when absent. */
  readonly key?: Buffer
}

export function createUserDirectory(
  users: Readonly<Record<string, BoardUser>>,
  { readSecret, hasProvider = false, key: proofKey = randomBytes(32) }: UserDirectoryOptions,
): UserDirectory {
  const names = Object.keys(users)
  // Comparing keyed digests takes the same time wherever two passwords first differ, and whatever
  // their lengths; the key lives as long as the process.
  const key = randomBytes(32)
  const digest = (text: string) => createHmac('sha256', key).update(text).digest()

  const proofOf = (name: string, password: string) =>
    createHmac('sha256', proofKey).update(`proof ${name}\n${password}`).digest('base64url')
  async function enter(name: string, given: string) {
    const isKnown = Object.hasOwn(users, name)
    const user = users[isKnown ? name : (names[0] ?? '')]
    if (user === undefined) return undefined
    const password = await readSecret(user.password)
    const isRight = timingSafeEqual(digest(given), digest(password))
    if (!isRight || !isKnown || password === '') return undefined
    return { name, role: user.role, proof: proofOf(name, password) }
  }
  return {
    asksForPassword: names.length > 0 || hasProvider,
    async identify(authorization) {
      const given = parseBasic(authorization)
      const entered = given && (await enter(given.name, given.password))
      return entered && { name: entered.name, role: entered.role }
    },
    enter,
    async recall({ name, role, proof }) {
      if (role !== null) return hasProvider ? { name, role } : undefined
      const user = Object.hasOwn(users, name) ? users[name] : undefined
      if (user === undefined) return undefined
      const wanted = proofOf(name, await readSecret(user.password))
      return timingSafeEqual(digest(proof), digest(wanted)) ? { name, role: user.role } : undefined
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
