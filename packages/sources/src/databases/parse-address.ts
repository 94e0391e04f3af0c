import { SourceError } from '../source-error.ts'

/** What stands in an address of a database, without escapes. Empty where it is not said. */
export interface Address {
  readonly scheme: string
  readonly host: string
  readonly port: string
  readonly user: string
  readonly password: string
  readonly database: string
  readonly parameters: ReadonlyMap<string, string>
}

/** Reads `scheme://user:password@host:port/database?key=value`. Never shows the address. */
export function parseAddress(address: string, schemes: readonly string[]): Address {
  const match =
    /^([a-z]+):\/\/(?:([^/?]*)@)?(\[[^\]]*\]|[^/?:]*)(?::(\d+))?(?:\/([^?]*))?(?:\?(.*))?$/.exec(
      address,
    )
  const [, scheme = '', login = '', host = '', port = '', path = '', query = ''] = match ?? []
  if (!match || !schemes.includes(scheme)) {
    throw unreadable(schemes, `it does not have the form ${schemes[0]}://USER@HOST:PORT/DATABASE`)
  }
  const [user = '', ...password] = login.split(':')
  const decoded = (text: string): string => decode(text, schemes)
  return {
    scheme,
    host: decoded(host.replace(/^\[|\]$/g, '')),
    port,
    user: decoded(user),
    password: decoded(password.join(':')),
    database: decoded(path),
    parameters: new Map(new URLSearchParams(query.replaceAll('+', '%2B'))),
  }
}

/** For a parameter that nothing is known of: ignored, it would be a setting that does not hold. */
export function unknownParameter(name: string, schemes: readonly string[]): SourceError {
  return unreadable(schemes, `the parameter ${name} is not known`)
}

function decode(text: string, schemes: readonly string[]): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw unreadable(schemes, 'a % stands in it that is no escape: write it as %25')
  }
}

function unreadable([scheme]: readonly string[], why: string): SourceError {
  return new SourceError(
    'source-unreachable',
    `The address of the database cannot be read: ${why}`,
    {
      permanent: true,
      remedy: `Write ${scheme}://USER@HOST:PORT/DATABASE, the password by reference.`,
    },
  )
}
