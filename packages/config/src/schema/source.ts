import { z } from 'zod'
import type { SourceConfig } from '../model.ts'
import { ValueError } from '../value-error.ts'
import { type Hints, keys } from './keys.ts'
import {
  absolutePath,
  choice,
  duration,
  exactlyOne,
  filledList,
  flag,
  list,
  read,
  refuse,
  secret,
  size,
  text,
  wholeNumber,
} from './value.ts'

const at = read(checkAt, {
  description: 'Path in the archive; needed, and unique, where a plan has several sources',
}).optional()

/** A relative path that stays below the archive's root and is written in one way only. */
function checkAt(value: string): string {
  const parts = value.split('/')
  const isSafe = parts.every((part) => part !== '' && part !== '.' && part !== '..')
  if (isSafe && !/[\\\p{Cc}]/u.test(value) && value.length <= 200) return value
  throw new ValueError('not a safe relative path', {
    remedy: 'write a name such as db or data/uploads: no leading or trailing /, no . or ..',
  })
}

const pick = choice(['any'], 'any: take one of several matches instead of failing').optional()

const via = keys({
  kubernetes: keys({
    context: text('Context of the kubeconfig').optional(),
    namespace: text('Namespace').optional(),
    workload: text('Workload, as in deployment/db').optional(),
    selector: text('Label selector').optional(),
    pod: text('Name of a pod').optional(),
    container: text('Container in the pod').optional(),
    waitFor: duration('How long to wait until it is ready').optional(),
    pick,
  })
    .describe('In a pod')
    .optional(),
  docker: keys({ container: text('Name or id of the container'), pick })
    .describe('In a container')
    .optional(),
  compose: keys({ project: text('Project'), service: text('Service'), pick })
    .describe('In a service of Docker Compose')
    .optional(),
  ssh: keys({ host: text('Host, as ssh knows it') })
    .describe('On another host')
    .optional(),
})
  .describe('Where the source is reached: in a container, a pod, on another host')
  .transform((value, context): Readonly<Record<string, unknown>> => {
    if (exactlyOne(value, ['kubernetes', 'docker', 'compose', 'ssh']) === undefined) {
      return refuse(context, {
        message: 'via names one way',
        remedy: 'keep exactly one of kubernetes, docker, compose and ssh',
      })
    }
    const target = value.kubernetes
    if (target && exactlyOne(target, ['workload', 'selector', 'pod']) === undefined) {
      return refuse(context, {
        path: ['kubernetes'],
        message: 'which pod is not said, or said twice',
        remedy: 'name exactly one of workload, selector and pod',
      })
    }
    return value
  })
  .meta({ id: 'Via' })
  .optional()

const shared = { at, via } as const

const directoryHints: Hints = {
  paths: 'a source has one path: write one plan or one of sources for each',
  ignore: 'did you mean exclude?',
  oneFilesystem: 'did you mean oneFileSystem?',
  followSymlinks: 'links inside are kept as links; only path itself is followed',
}

const directory = keys(
  {
    kind: z.literal('directory').describe('A directory tree'),
    ...shared,
    path: absolutePath('The directory; followed if it is a symbolic link'),
    exclude: list(
      text('A pattern as in .gitignore: a leading / is the root, ! includes again'),
      'What to leave out; the last pattern that matches decides',
    ).optional(),
    include: list(
      text('A pattern as in .gitignore'),
      'What to take; everything when left out',
    ).optional(),
    excludeFile: absolutePath('A file with more patterns, one a line').optional(),
    excludeCaches: flag('Leave out directories with a CACHEDIR.TAG').optional(),
    excludeIfPresent: list(
      text('A file name'),
      'Leave out directories that hold a file of one of these names',
    ).optional(),
    excludeLargerThan: size('Leave out files larger than this').optional(),
    oneFileSystem: flag('Do not enter other file systems mounted below').optional(),
    onUnreadable: choice(
      ['error', 'skip'],
      'What an unreadable file does: error (default) fails the run, skip leaves it out and says so',
    ).optional(),
    allowEmpty: flag('An empty directory is a backup too').optional(),
  },
  directoryHints,
).transform((value): SourceConfig => {
  return {
    kind: 'directory',
    at: value.at ?? '',
    via: value.via ?? null,
    path: value.path,
    exclude: value.exclude ?? [],
    include: value.include ?? [],
    excludeFile: value.excludeFile ?? null,
    excludeCaches: value.excludeCaches ?? false,
    excludeIfPresent: value.excludeIfPresent ?? [],
    excludeLargerThanBytes: value.excludeLargerThan ?? null,
    oneFileSystem: value.oneFileSystem ?? false,
    onUnreadable: value.onUnreadable ?? 'error',
    allowEmpty: value.allowEmpty ?? false,
  }
})

const command = keys(
  {
    kind: z.literal('command').describe('The output of a command'),
    ...shared,
    argv: filledList(
      z.string().describe('The program, then its arguments'),
      'The program and its arguments; no shell reads them',
    ),
    env: z
      .record(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'write the name of an environment variable'),
        secret('Value, by reference'),
      )
      .describe('Environment of the command, beside PATH and HOME')
      .optional(),
    expect: keys({
      trailer: text('The output must end with this, white space aside').optional(),
      minSize: size('The output must be at least this long').optional(),
    })
      .describe('What the output must be like to count as whole')
      .optional(),
    restore: filledList(
      z.string().describe('The program, then its arguments'),
      'The command that takes the output back',
    ).optional(),
    cwd: absolutePath('Working directory of the command').optional(),
  },
  {
    command: 'did you mean argv? It is a list: [pg_dump, shop]',
    shell: 'no shell reads argv; write [sh, -c, "…"]',
  },
).transform((value): SourceConfig => {
  return {
    kind: 'command',
    at: value.at ?? '',
    via: value.via ?? null,
    argv: value.argv,
    env: value.env ?? {},
    expect: {
      trailer: value.expect?.trailer ?? null,
      minSizeBytes: value.expect?.minSize ?? null,
    },
    restore: value.restore ?? null,
    cwd: value.cwd ?? null,
    streamName: value.at ?? '',
  }
})

const databaseShape = {
  ...shared,
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

function database<const K extends 'postgres' | 'mysql' | 'mariadb' | 'mongodb' | 'redis'>(kind: K) {
  const shape = { kind: z.literal(kind).describe(`A ${kind} server`), ...databaseShape }
  return keys(shape, databaseHints).transform((value, context): SourceConfig => {
    const { at: place, via: way, kind: _, ...settings } = value
    if (settings.uri !== undefined && settings.host !== undefined) {
      return refuse(context, {
        message: 'uri and host are two ways to say the same',
        remedy: 'keep one of them',
      })
    }
    if (settings.uri === undefined && settings.host === undefined && way === undefined) {
      return refuse(context, {
        message: 'where the database is reached is not said',
        remedy: 'add uri, or host, port, user and password, or via',
      })
    }
    return { kind, at: place ?? '', via: way ?? null, settings }
  })
}

const sqlite = keys({
  kind: z.literal('sqlite').describe('An SQLite file, read while it is in use'),
  ...shared,
  path: absolutePath('The database file'),
}).transform((value): SourceConfig => {
  return {
    kind: 'sqlite',
    at: value.at ?? '',
    via: value.via ?? null,
    settings: { path: value.path },
  }
})

export const sourceSchema: z.ZodType<SourceConfig> = z
  .discriminatedUnion('kind', [
    directory,
    command,
    database('postgres'),
    database('mysql'),
    database('mariadb'),
    database('mongodb'),
    database('redis'),
    sqlite,
  ])
  .meta({ id: 'Source', description: 'What is read' }) as z.ZodType<SourceConfig>
