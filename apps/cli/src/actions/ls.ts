import { entryAt, type IndexEntry, type OpenedBackup } from '@backstream/backup'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'
import { entryDocument, entryLine } from '../output/entry-text.ts'
import { printJsonList, printStream } from '../output/print-stream.ts'
import { openRef } from './open-ref.ts'

export interface LsOptions {
  readonly ref: string
  /** None: the root. */
  readonly paths: readonly string[]
  readonly isRecursive: boolean
}

/** What is in a backup: the entry of each path and what lies directly in it, or all below. */
export async function ls(session: Session, options: LsOptions): Promise<void> {
  await using backup = await openRef(session, options.ref)
  const paths = options.paths.length === 0 ? [''] : options.paths.map(trim)
  for (const path of paths) if (path !== '') await requireEntry(backup, path)
  const { plan, backup: id } = backup.manifest
  const entries = listed(backup, paths, options.isRecursive)
  if (session.json) {
    const head = { format: 'backstream.ls/1', plan, backup: id }
    return await printJsonList(session, head, {
      name: 'entries',
      items: map(entries, entryDocument),
    })
  }
  await printStream(session, map(entries, entryLine))
}

/** The entry of exactly this path; `no-such-path` where there is none. */
export async function requireEntry(backup: OpenedBackup, path: string): Promise<IndexEntry> {
  const entry = await entryAt(backup, path)
  if (entry) return entry
  const { plan, backup: id } = backup.manifest
  throw new CliError('no-such-path', `There is no ${path} in ${plan}/${id}`, {
    remedy: `\`backstream ls ${plan}/${id}\` shows what there is.`,
  })
}

async function* listed(
  backup: OpenedBackup,
  paths: readonly string[],
  isRecursive: boolean,
): AsyncGenerator<IndexEntry> {
  for (const path of paths) {
    const start = path === '' ? 0 : path.length + 1
    for await (const entry of backup.entriesBelow(path))
      if (isRecursive || !entry.path.includes('/', start)) yield entry
  }
}

async function* map<T, U>(items: AsyncIterable<T>, change: (item: T) => U): AsyncGenerator<U> {
  for await (const item of items) yield change(item)
}

function trim(path: string): string {
  return path.replace(/^(\.?\/)+|\/+$/g, '').replace(/^\.$/, '')
}
