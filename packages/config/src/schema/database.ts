import * as z from 'zod'
import type { SecretRef, ServerSourceConfig, SourceConfig, ViaConfig } from '../model.ts'
import { type Hints, keys } from './keys.ts'
import { placeKeys } from './source-place.ts'
import { absolutePath, choice, filledList, refuse, secret, text, wholeNumber } from './value.ts'

const databaseShape = {
  ...placeKeys,
  uri: secret('Address of the database with everything in it').optional(),
  host: text('Host').optional(),
  port: wholeNumber('Port', { min: 1, max: 65_535 }).optional(),
  user: text('User').optional(),
  password: secret('Password').optional(),
  databases: filledList(
    text('A name or a pattern'),
    'Which databases; ["*"] is all, new ones too',
  ).optional(),
} as const

const databaseHints: Hints = {
  url: 'did you mean uri?',
  database: 'did you mean databases? It is a list: [shop]',
  username: 'did you mean user?',
}

/** What a union asks for that is told apart by `kind`. */
type DatabaseSchema = z.ZodType<SourceConfig> & z.core.$ZodTypeDiscriminable

type ServerKind = ServerSourceConfig['kind']

export function database(kind: Exclude<ServerKind, 'postgres'>): DatabaseSchema {
  const shape = { kind: z.literal(kind).describe(`A ${kind} server`), ...databaseShape }
  return keys(shape, databaseHints).transform((value, context) => server(kind, value, context))
}

export const postgres: DatabaseSchema = keys(
  {
    kind: z.literal('postgres').describe('A postgres server'),
    ...databaseShape,
    format: choice(
      ['logical', 'physical'],
      'logical (default): a dump of each database; physical: the files of the whole server',
    ).optional(),
  },
  databaseHints,
).transform(({ format = 'logical', ...value }, context): SourceConfig => {
  if (format === 'physical' && value.databases !== undefined) {
    return refuse(context, {
      path: ['databases'],
      message: 'a physical backup is one of the whole server',
      remedy: 'leave databases out, or write format: logical',
    })
  }
  return { ...server('postgres', value, context), format }
})

interface ServerKeys {
  readonly at?: string | undefined
  readonly via?: ViaConfig | undefined
  readonly uri?: SecretRef | undefined
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly user?: string | undefined
  readonly password?: SecretRef | undefined
  readonly databases?: string[] | undefined
}

function server(kind: ServerKind, value: ServerKeys, context: z.RefinementCtx): ServerSourceConfig {
  if (value.uri !== undefined && value.host !== undefined) {
    return refuse(context, {
      message: 'uri and host are two ways to say the same',
      remedy: 'keep one of them',
    })
  }
  if (value.uri === undefined && value.host === undefined && value.via === undefined) {
    return refuse(context, {
      message: 'where the database is reached is not said',
      remedy: 'add uri, or host, port, user and password, or via',
    })
  }
  if (kind === 'redis' && value.databases !== undefined) {
    return refuse(context, {
      path: ['databases'],
      message: 'what Redis hands out is all of it',
      remedy: 'leave databases out',
    })
  }
  return {
    kind,
    at: value.at ?? '',
    via: value.via ?? null,
    uri: value.uri ?? null,
    host: value.host ?? null,
    port: value.port ?? null,
    user: value.user ?? null,
    password: value.password ?? null,
    databases: value.databases ?? null,
    format: 'logical',
    streamName: value.at ?? '',
  }
}

export const sqlite: DatabaseSchema = keys({
  kind: z.literal('sqlite').describe('An SQLite file, read while it is in use'),
  ...placeKeys,
  path: absolutePath('The database file'),
}).transform((value): SourceConfig => {
  return {
    kind: 'sqlite',
    at: value.at ?? '',
    via: value.via ?? null,
    path: value.path,
    streamName: value.at ?? '',
  }
})
