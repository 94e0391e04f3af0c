import { resolve } from 'node:path'
import type { SecretRef, SourceConfig } from '@backstream/config'
import { SourceError } from '../source-error.ts'

const kinds = {
  postgres: 'postgres',
  postgresql: 'postgres',
  mariadb: 'mariadb',
  mysql: 'mysql',
  mongodb: 'mongodb',
  'mongodb+srv': 'mongodb',
  redis: 'redis',
  rediss: 'redis',
  sqlite: 'sqlite',
} as const

/** Whether text is an address of a database at all: `scheme:…`. */
export function isTargetAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/.test(text)
}

/**
 * A database that is no source of a plan, by its address. A password may not stand in it: every user of
 * the machine can read a command line.
 */
export function parseTargetAddress(address: string, password: SecretRef | null): SourceConfig {
  const [scheme = ''] = address.split(':')
  if (!Object.hasOwn(kinds, scheme)) {
    throw new SourceError(
      'target-invalid',
      `Nothing is known of addresses that begin with ${scheme}:`,
      {
        permanent: true,
        remedy: `Use one of ${Object.keys(kinds).join(', ')}, or the word source for where it came from.`,
      },
    )
  }
  if (/^[^/]*:\/\/[^/?]*:[^/?@]*@/.test(address) || /[?&]password=/.test(address)) {
    throw new SourceError(
      'target-invalid',
      'A password stands in the address on the command line',
      {
        permanent: true,
        remedy:
          "Leave it out, and use --into-password-file, or the client's own variables (PGPASSWORD) or files (~/.pgpass).",
      },
    )
  }
  const kind = kinds[scheme as keyof typeof kinds]
  if (kind === 'sqlite') {
    const path = decodeURIComponent(address.slice(scheme.length + 1).replace(/^\/\/(?=\/)/, ''))
    return { kind, at: '', via: null, path: resolve(path), streamName: '' }
  }
  return {
    kind,
    at: '',
    via: null,
    uri: { value: address },
    host: null,
    port: null,
    user: null,
    password,
    databases: null,
    format: 'logical',
    streamName: '',
  }
}
