import { SourceError } from '../source-error.ts'

export interface MongoAddress {
  /** With the password, without the database: the tools refuse one in both places. */
  readonly address: string
  readonly database: string | null
}

/** `mongodb://user:password@a:1,b:2/database?replicaSet=…`; the rest is for the tools to judge. */
export function parseMongoUri(uri: string, password: string | null): MongoAddress {
  const match = /^(mongodb(?:\+srv)?:\/\/)(?:([^/?]*)@)?([^/?]+)(?:\/([^?]*))?(\?.*)?$/.exec(uri)
  if (!match) {
    throw new SourceError('source-unreachable', 'The address of the database cannot be read', {
      permanent: true,
      remedy: 'Write mongodb://USER@HOST:PORT/DATABASE, the password by reference.',
    })
  }
  const [, scheme = '', login = '', hosts = '', path = '', query = ''] = match
  const [user = '', ...said] = login.split(':')
  const secret = password === null ? said.join(':') : encodeURIComponent(password)
  const account = user === '' ? '' : `${user}${secret === '' ? '' : `:${secret}`}@`
  // Who is not said where to log in logs in at the database of the address, which goes away here.
  const isWhereSaid = path === '' || account === '' || /[?&]authSource=/.test(query)
  const at = isWhereSaid ? query : `${query === '' ? '?' : `${query}&`}authSource=${path}`
  return {
    address: `${scheme}${account}${hosts}/${at}`,
    database: path === '' ? null : decodeURIComponent(path),
  }
}
