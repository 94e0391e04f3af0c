import { existsSync } from 'node:fs'
import { type IndexEntry, isAtOrBelow } from '@backstream/archive'
import type { Storage } from '@backstream/storage'
import { assertCanDecrypt } from './decrypt-archive.ts'
import { BackupError } from './errors.ts'
import type { ExtractReport } from './extract-report.ts'
import { findObstacles } from './find-obstacles.ts'
import type { Manifest } from './manifest.ts'
import { contentBytesOf } from './manifest-sizes.ts'
import { type OpenedBackup, type OpenOptions, openBackup } from './open-backup.ts'
import type { Overwrite } from './overwrite.ts'
import { restoreBackup } from './restore-backup.ts'
import { restoreEntries } from './restore-entries.ts'
import { selectEntries } from './select-entries.ts'

/** A restore into a directory, be it asked for at the terminal or through the queue. */
export interface RestoreOrder extends OpenOptions {
  readonly manifest: Manifest
  readonly to: string
  /** As they stand in the archive, perhaps patterns; none is everything. */
  readonly paths?: readonly string[]
  /** Only what one of several sources gave: where it lies in the archive. */
  readonly source?: string | undefined
  /** Leave the name of that source out: its directory is where it goes. */
  readonly isStripped?: boolean
  readonly overwrite?: Overwrite | undefined
  readonly keepSetuid?: boolean
  readonly keepOwners: boolean
}

/** What an order comes to, found out before anything is written. */
export interface RestorePlan {
  readonly order: RestoreOrder
  /** Entries and content bytes. */
  readonly found: { readonly entries: number; readonly bytes: number }
  /** Null: all of it, read from end to end. */
  readonly chosen: { readonly backup: OpenedBackup; readonly entries: readonly IndexEntry[] } | null
}

export interface RestoreStep {
  /** Of `bytesTotal`. */
  readonly bytes: number
  readonly bytesTotal: number
  readonly entries: number
  readonly fetchedBytes: number
}

export interface RestoreWork {
  /** Filled as it goes: what there is to tell of a restore that failed. */
  readonly report: ExtractReport
  readonly onStep?: (step: RestoreStep) => void
}

/**
 * Opens what is to be restored and looks at the place it goes to; writes nothing.
 *
 * Rejects with `no-such-path` for a path or source that is not in the backup, with `encrypted` or an
 * `ArchiveError` where the key is missing or wrong, with `restore-target` where something stands in
 * the way of what may be overwritten.
 */
export async function planRestore(storage: Storage, order: RestoreOrder): Promise<RestorePlan> {
  const { manifest, to, overwrite } = order
  assertCanDecrypt(manifest, order)
  const isWhole = order.source === undefined && !order.paths?.length
  const backup = isWhole && overwrite === undefined ? null : await openOf(storage, order)
  const chosen = isWhole || !backup ? null : { backup, entries: await choose(backup, order) }
  if (backup && overwrite !== undefined && existsSync(to)) {
    const entries = chosen?.entries ?? backup.entriesBelow('')
    const strip = stripOf(order)
    refuseObstacles(to, await findObstacles({ to, entries, overwrite, strip }))
  }
  const { entries, bytes } = chosen ? sumOf(chosen.entries) : contentOf(manifest)
  return { order, found: { entries, bytes }, chosen }
}

/** Resolves when all of it is written and compared; see `restoreBackup` and `restoreEntries`. */
export async function carryOutRestore(
  storage: Storage,
  { order, chosen, found }: RestorePlan,
  { report, onStep }: RestoreWork,
): Promise<{ readonly fetchedBytes: number }> {
  if (chosen) {
    const { backup, entries } = chosen
    const tell = () => {
      const { bytes, entries: done } = report
      const fetchedBytes = backup.fetchedBytes()
      onStep?.({ bytes, bytesTotal: found.bytes, entries: done, fetchedBytes })
    }
    await restoreEntries({
      ...{ ...order, backup, entries, report, strip: stripOf(order), onStep: tell },
    })
    return { fetchedBytes: backup.fetchedBytes() }
  }
  let fetchedBytes = 0
  await restoreBackup(storage, {
    ...order,
    report,
    onProgress: ({ bytesFetched, bytesTotal, entries }) => {
      fetchedBytes = bytesFetched
      onStep?.({ bytes: bytesFetched, bytesTotal, entries, fetchedBytes })
    },
  })
  return { fetchedBytes }
}

/**
 * What an order names and a report does not say is done: what is damaged, then what was not come to, in
 * the archive's order, from its index.
 */
export async function* notRestored(
  storage: Storage,
  { order, chosen }: RestorePlan,
  report: ExtractReport,
): AsyncGenerator<string> {
  const { current, damaged } = report
  yield* damaged
  // It went to the archive's end.
  if (current === null && report.entries + damaged.size > 0) return
  const wanted = chosen?.entries ?? (await openOf(storage, order)).entriesBelow('')
  let isBehind = current === null
  for await (const { path } of wanted) {
    isBehind ||= path === current
    if (isBehind) yield path
  }
}

function openOf(storage: Storage, order: RestoreOrder): Promise<OpenedBackup> {
  return openBackup(storage, order.manifest, order)
}

function stripOf({ isStripped, source = '' }: RestoreOrder): string {
  return isStripped ? source : ''
}

async function choose(backup: OpenedBackup, order: RestoreOrder): Promise<readonly IndexEntry[]> {
  const { paths = [], source, manifest } = order
  const ref = `${manifest.plan}/${manifest.backup}`
  // Of an encrypted backup whose index is lost nobody knows its sources: then the path has to be there.
  const isKnown = backup.sources.length === 0 || backup.sources.includes(source ?? '')
  if (source !== undefined && !isKnown) {
    const known = backup.sources.filter((at) => at !== '').join(', ')
    throw new BackupError('no-such-path', `There is no source ${source} in ${ref}`, {
      permanent: true,
      remedy: known ? `Its sources are: ${known}.` : 'It has one source only: leave --source out.',
    })
  }
  const within = source ?? ''
  const wanted = paths.length > 0 ? paths : [within]
  const { entries, unmatched } = await selectEntries(backup, wanted, { within })
  const isStripped = stripOf(order) !== ''
  // The folders above the source have no place in the source's own directory.
  const inside = isStripped ? entries.filter(({ path }) => isAtOrBelow(path, within)) : entries
  if (unmatched.length === 0) return inside
  const where = source === undefined ? ref : `${source} of ${ref}`
  throw new BackupError('no-such-path', `There is no ${unmatched.join(', ')} in ${where}`, {
    permanent: true,
    remedy: `\`backstream ls ${ref}\` shows what there is.`,
  })
}

function refuseObstacles(to: string, names: readonly string[]): void {
  if (names.length === 0) return
  const some = names.slice(0, 5).map((name) => JSON.stringify(name))
  const more = names.length > some.length ? ` and ${names.length - some.length} more` : ''
  const message = `In ${to} something of another kind is in the place of ${some.join(', ')}${more}; nothing was written`
  throw new BackupError('restore-target', message, {
    permanent: true,
    remedy: 'Move that away, or restore into another directory.',
  })
}

function sumOf(entries: readonly IndexEntry[]): RestorePlan['found'] {
  return { entries: entries.length, bytes: entries.reduce((sum, { size }) => sum + size, 0) }
}

function contentOf(manifest: Manifest): RestorePlan['found'] {
  return { entries: manifest.content.entries, bytes: contentBytesOf(manifest) }
}
