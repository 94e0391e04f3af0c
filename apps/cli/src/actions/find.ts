import { posix } from 'node:path'
import { type IndexEntry, listBackups, openBackup } from '@backstream/backup'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'
import { entryDocument, entryLine } from '../output/entry-text.ts'
import { printJsonList, printStream } from '../output/print-stream.ts'
import { openStorageOfPlan } from './open-storage.ts'
import { readingOptions } from './reading-options.ts'

interface Found {
  readonly backup: string
  readonly entry: IndexEntry
}

/** In which backups of a plan a file is, newest first, by their indexes alone. */
export async function find(session: Session, plan: string, glob: string): Promise<void> {
  await using storage = await openStorageOfPlan(session, plan)
  const signal = session.interruption()
  const { backups } = await listBackups(storage, plan, { signal })
  const isMatch = matcher(glob)
  let count = 0
  const search = async function* (): AsyncGenerator<Found> {
    for (const manifest of backups) {
      const backup = await openBackup(storage, manifest, await readingOptions(session, manifest))
      for await (const entry of backup.entriesBelow('')) {
        if (!isMatch(entry.path)) continue
        count += 1
        yield { backup: manifest.backup, entry }
      }
    }
  }
  if (session.json) {
    const items = documents(search())
    await printJsonList(session, { format: 'backstream.find/1', plan }, { name: 'found', items })
  } else await printStream(session, lines(plan, search()))
  if (count === 0) {
    throw new CliError(
      'no-such-path',
      `Nothing in ${backups.length} backups of ${plan} matches ${glob}`,
      {
        remedy: 'Quote the pattern for the shell; ** goes through folders.',
      },
    )
  }
}

/** A pattern without a slash is about names, as that of find(1) is. */
function matcher(glob: string): (path: string) => boolean {
  if (glob.includes('/')) {
    const pattern = glob.replace(/^\/+/, '')
    return (path) => posix.matchesGlob(path, pattern)
  }
  return (path) => posix.matchesGlob(posix.basename(path), glob)
}

async function* documents(found: AsyncIterable<Found>): AsyncGenerator<Record<string, unknown>> {
  for await (const { backup, entry } of found) yield { backup, ...entryDocument(entry) }
}

async function* lines(plan: string, found: AsyncIterable<Found>): AsyncGenerator<string> {
  let last = ''
  for await (const { backup, entry } of found) {
    if (backup !== last) yield `${last === '' ? '' : '\n'}${plan}/${backup}\n`
    last = backup
    yield entryLine(entry)
  }
}
