import { type BigIntStats, readFileSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { DirectorySourceConfig } from '@backstream/config'
import { EntryLog } from './entry-log.ts'
import { ListingVisitor } from './listing-visitor.ts'
import { readOwnerNames } from './owner-names.ts'
import { createPathFilter } from './path-filter.ts'
import type { ReaderOutbox } from './reader-outbox.ts'
import type { ListedEntry, ReaderInput } from './reader-thread-protocol.ts'
import { ReadingVisitor } from './reading-visitor.ts'
import { SlabWriter } from './slab-writer.ts'
import type { SourceEstimate, SourceSummary } from './source.ts'
import { SourceError, type SourceErrorCode } from './source-error.ts'
import { type WalkVisitor, walkDirectory } from './walk-directory.ts'

/** Does a reader thread's task from beginning to end, posting as it goes. Synchronous throughout. */
export function performReaderTask(
  { task, config, slabBytes }: ReaderInput,
  outbox: ReaderOutbox,
): SourceSummary | SourceEstimate {
  const log = new EntryLog(config)
  switch (task) {
    case 'read': {
      const writer = new SlabWriter(outbox, slabBytes)
      const owners = readOwnerNames()
      const check = (): void => outbox.check()
      walk(config, { log, visitor: new ReadingVisitor({ config, log, writer, owners, check }) })
      writer.ship()
      return log.summary()
    }
    case 'list': {
      const batch = new EntryBatch(outbox)
      walk(config, {
        log,
        visitor: new ListingVisitor({
          config,
          log,
          check: () => outbox.check(),
          tell: (entry) => batch.add(entry),
        }),
      })
      batch.ship()
      return log.summary()
    }
    case 'estimate':
      walk(config, {
        log,
        visitor: new ListingVisitor({ config, log, check: () => outbox.check() }),
      })
      return { bytes: log.bytes, entries: log.entries }
  }
}

function walk(
  config: DirectorySourceConfig,
  { log, visitor }: { log: EntryLog; visitor: WalkVisitor },
): void {
  const filter = createPathFilter({
    exclude: [...patternsOf(config), ...config.exclude],
    include: config.include,
  })
  const root = config.path
  const stat = statRoot(root)
  // Where several sources share an archive, the root has a name in it, and so an entry.
  if (config.at !== '') visitor.directory({ location: root, path: '' }, stat)
  const before = log.entries
  walkDirectory({ ...config, root, filter }, visitor)
  if (log.entries > before || config.allowEmpty) return
  throw new SourceError('source-empty', `There is nothing to back up in ${root}`, {
    remedy: 'See whether it is mounted and what is excluded, or set allowEmpty: true.',
  })
}

function statRoot(root: string): BigIntStats {
  const stat = attempt('source-missing', root, () => statSync(root, { bigint: true }))
  if (stat.isDirectory()) return stat
  throw new SourceError('source-missing', `${root} is not a directory`, {
    remedy: 'Correct the path, or mount it.',
  })
}

/** Preflight has found it good; it may have changed since. */
function attempt<T>(code: SourceErrorCode, what: string, operation: () => T): T {
  try {
    return operation()
  } catch (cause) {
    const { code: why } = cause as NodeJS.ErrnoException
    throw new SourceError(code, `${what} cannot be read (${why})`, {
      cause,
      remedy: 'See whether it is still mounted, and whether the user of the worker may read it.',
    })
  }
}

/** The lines of the exclude file; `exclude` comes after them and so may re-include. */
function patternsOf({ excludeFile, path }: DirectorySourceConfig): readonly string[] {
  if (excludeFile === null) return []
  const file = excludeFileOf(excludeFile, path)
  const read = (): string => readFileSync(file, 'utf8')
  return attempt('source-failed', `The exclude file ${file}`, read).split(/\r?\n/)
}

/** A relative name is looked for in the source's root. */
export function excludeFileOf(excludeFile: string, root: string): string {
  return isAbsolute(excludeFile) ? excludeFile : join(root, excludeFile)
}

class EntryBatch {
  readonly #outbox: ReaderOutbox
  #entries: ListedEntry[] = []

  constructor(outbox: ReaderOutbox) {
    this.#outbox = outbox
  }

  add(entry: ListedEntry): void {
    this.#entries.push(entry)
    if (this.#entries.length === 1000) this.ship()
  }

  ship(): void {
    if (this.#entries.length === 0) return
    this.#outbox.post({ kind: 'entries', entries: this.#entries })
    this.#entries = []
  }
}
