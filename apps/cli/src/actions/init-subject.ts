import { resolve } from 'node:path'
import type { InitialDatabase } from '@backstream/config'
import { CliError } from '../cli-error.ts'

/** What a first configuration is to back up, as it was said. */
export type InitSubject =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'sqlite'; readonly path: string }
  | {
      readonly kind: Exclude<InitialDatabase['kind'], 'sqlite'>
      readonly uri: string
      /** What a plan of it may be called. */
      readonly name: string
    }

const schemes = {
  postgres: ['postgres', 'postgresql'],
  mysql: ['mysql'],
  mariadb: ['mariadb', 'mysql'],
  mongodb: ['mongodb', 'mongodb+srv'],
  redis: ['redis', 'rediss'],
} as const

export type ServerKind = keyof typeof schemes
export const serverKinds = Object.keys(schemes) as readonly ServerKind[]

/** An address that came on the command line, where every user of the machine can read it. */
export function subjectOfFlag(kind: ServerKind, uri: string): InitSubject {
  const subject = serverAt(kind, uri)
  if (!hasPassword(uri)) return subject
  throw new CliError('usage', `A password stands in the address of --${kind}`, {
    remedy: `Leave it out: it is asked for on a terminal, or taken from ${passwordVariables[kind] ?? ''}${passwordVariables[kind] ? ' or ' : ''}--password-file.`,
  })
}

/** What was typed where nobody looks: a path, `sqlite:PATH`, or the address of a server. */
export function subjectOfAnswer(text: string): InitSubject {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+]*):(.*)$/.exec(text) ?? []
  if (scheme === 'sqlite') return { kind: 'sqlite', path: resolve(rest.replace(/^\/\/(?=\/)/, '')) }
  const kind = serverKinds.find((kind) => (schemes[kind] as readonly string[]).includes(scheme))
  if (kind !== undefined) return serverAt(kind, text)
  return { kind: 'directory', path: resolve(text) }
}

/** What the client itself reads a password from. */
export const passwordVariables: Readonly<Partial<Record<ServerKind, string>>> = {
  postgres: 'PGPASSWORD',
  mysql: 'MYSQL_PWD',
  mariadb: 'MYSQL_PWD',
  redis: 'REDISCLI_AUTH',
}

export function hasPassword(uri: string): boolean {
  return /^[^/]*:\/\/[^/?]*:[^/?@]+@/.test(uri) || /[?&]password=/.test(uri)
}

function serverAt(kind: ServerKind, uri: string): InitSubject {
  const [, scheme = '', rest = ''] = /^([a-z+]+):\/\/(.*)$/.exec(uri) ?? []
  if (!(schemes[kind] as readonly string[]).includes(scheme)) {
    // Not the text itself: who mistypes may have put a secret into it.
    throw new CliError('usage', `this is not the address of a ${kind} server`, {
      remedy: `Write it like ${schemes[kind][0]}://USER@HOST:PORT/DATABASE; without a database all are backed up.`,
    })
  }
  const database = kind === 'redis' ? undefined : /^[^/?]*\/([^?]+)/.exec(rest)?.[1]
  return { kind, uri, name: database ?? kind }
}
