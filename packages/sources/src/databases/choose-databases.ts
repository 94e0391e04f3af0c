import { matchesGlob } from 'node:path'
import type { ServerSourceConfig } from '@backstream/config'
import type { SourceProblem } from '../source.ts'
import type { Connection } from './database-kind.ts'

/** What a source wants of a server: names and patterns, and how they lie in the archive. */
export interface Wanted {
  readonly patterns: readonly string[]
  /** One database by its name: its dump lies under the source's own name, else each below it. */
  readonly isOne: boolean
  /** Everything, so what belongs to no database too. */
  readonly isAll: boolean
}

export function wantedOf(
  { databases }: Pick<ServerSourceConfig, 'databases'>,
  { database }: Connection,
): Wanted {
  const patterns = databases ?? (database === null ? ['*'] : [database])
  const [first = ''] = patterns
  // What an address names is a name, whatever is in it.
  const isName = databases === null ? database !== null : !isPattern(first)
  return { patterns, isOne: patterns.length === 1 && isName, isAll: patterns.includes('*') }
}

/** Those of the server that are wanted, in its order. */
export function chooseDatabases(wanted: Wanted, present: readonly string[]): readonly string[] {
  return present.filter((name) => wanted.patterns.some((pattern) => isMatch(name, pattern)))
}

/** A problem for each name that the server does not have, and for patterns that match nothing. */
export function findUnknown(wanted: Wanted, present: readonly string[]): readonly SourceProblem[] {
  return wanted.patterns
    .filter((pattern) => !present.some((name) => isMatch(name, pattern)))
    .map((pattern) => ({
      code: 'source-missing',
      message: `No database of the server is called or matches ${pattern}`,
      remedy: `Correct databases; the server has ${present.join(', ') || 'none that can be read'}.`,
      permanent: true,
    }))
}

/** Under which path a database's dump lies. */
export function dumpName(
  place: string,
  { isOne }: Wanted,
  file: { readonly database: string; readonly extension: string },
): string {
  return isOne ? place : `${place}/${encodeURIComponent(file.database)}.${file.extension}`
}

function isMatch(name: string, pattern: string): boolean {
  return name === pattern || (isPattern(pattern) && matchesGlob(name.replaceAll('/', '_'), pattern))
}

function isPattern(text: string): boolean {
  return /[*?[]/.test(text)
}
