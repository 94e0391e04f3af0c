import * as z from 'zod'
import type { SourceConfig } from '../model.ts'
import { database, postgres, sqlite } from './database.ts'
import { type Hints, keys } from './keys.ts'
import { placeKeys } from './source-place.ts'
import { absolutePath, choice, filledList, flag, list, secret, size, text } from './value.ts'

const directoryHints: Hints = {
  paths: 'a source has one path: write one plan or one of sources for each',
  ignore: 'did you mean exclude?',
  oneFilesystem: 'did you mean oneFileSystem?',
  followSymlinks: 'links inside are kept as links; only path itself is followed',
}

const directory = keys(
  {
    kind: z.literal('directory').describe('A directory tree'),
    ...placeKeys,
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
    ...placeKeys,
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

export const sourceSchema: z.ZodType<SourceConfig> = z
  .discriminatedUnion('kind', [
    directory,
    command,
    postgres,
    database('mysql'),
    database('mariadb'),
    database('mongodb'),
    database('redis'),
    sqlite,
  ])
  .meta({ id: 'Source', description: 'What is read' }) as z.ZodType<SourceConfig>
