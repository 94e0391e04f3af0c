import type { IndexEntry, TarEntry } from '@backstream/archive'
import { isDamage } from './damage.ts'
import { BackupError } from './errors.ts'
import { extractPastDamage } from './extract-past-damage.ts'
import type { ExtractReport } from './extract-report.ts'
import { TreeExtractor } from './extract-tree.ts'
import type { OpenedBackup } from './open-backup.ts'
import type { Overwrite } from './overwrite.ts'
import { prepareTarget } from './prepare-target.ts'
import { entryAt } from './select-entries.ts'

export interface RestoreEntriesRequest {
  readonly backup: OpenedBackup
  /** Of the backup's index, in its order. */
  readonly entries: readonly IndexEntry[]
  /** Made (0700) when it is not there; must be empty unless `overwrite` is said. */
  readonly to: string
  readonly overwrite?: Overwrite | undefined
  /** A folder that all of them lie in, left out of their names; '' or absent: none is. */
  readonly strip?: string | undefined
  readonly signal: AbortSignal
  readonly keepSetuid?: boolean
  readonly keepOwners: boolean
  /** Filled as it goes: what there is to tell of a restore that failed. */
  readonly report?: ExtractReport
  /** Called with every piece that was written, and when an entry is done. */
  readonly onStep?: () => void
}

/**
 * Restores some entries of a backup, fetching only what holds them. Each frame's checksum is compared
 * on the way. A hard link whose other name was not asked for becomes a file of its own. Where the
 * archive is damaged it goes on with the others, names in the report what is not there, and rejects.
 */
export async function restoreEntries(request: RestoreEntriesRequest): Promise<ExtractReport> {
  const { backup, entries, to, overwrite, signal, keepOwners, keepSetuid, report } = request
  const { content } = backup.manifest
  const options = {
    ...prepareTarget(to, overwrite),
    ...{ keepOwners, keepSetuid, maxBytes: content.bytes },
  }
  const extractor = new TreeExtractor(options, { signal, report })
  const watched = async function* (content: TarEntry['content']) {
    for await (const chunk of content) {
      yield chunk
      request.onStep?.()
    }
  }
  const extract = async (entry: TarEntry) => {
    const header = stripped(entry.header, request.strip ?? '')
    await extractor.extract({ ...entry, header, content: watched(entry.content) })
    request.onStep?.()
  }
  const names = new Set(entries.map(({ path }) => path))
  const isLonely = ({ type, linkTarget = '' }: IndexEntry) =>
    type === 'link' && !names.has(linkTarget)
  const whole = entries.filter((entry) => !isLonely(entry))
  const byTarget = Map.groupBy(entries.filter(isLonely), ({ linkTarget = '' }) => linkTarget)
  const { damaged } = extractor.report
  const past = { extract, abandon: () => extractor.abandon(), damaged }
  let damage: unknown
  try {
    damage = await extractPastDamage(backup, whole, past)
    for (const [target, links] of byTarget) {
      damage = (await materialize(backup, { target, links, extract, damaged })) ?? damage
    }
  } catch (error) {
    extractor.abandon()
    throw error
  }
  const done = extractor.finish()
  if (damage !== null) throw damage
  return done
}

function stripped(header: TarEntry['header'], folder: string): TarEntry['header'] {
  if (folder === '') return header
  const rawPath = below(header.rawPath, folder)
  const isLink = header.type === 'link'
  const rawLinkTarget = isLink ? below(header.rawLinkTarget, folder) : header.rawLinkTarget
  return { ...header, rawPath, rawLinkTarget }
}

/** What does not lie in the folder keeps its name: judged like any other, and never outside. */
function below(path: Buffer, folder: string): Buffer {
  const start = Buffer.from(folder)
  if (path.equals(start)) return Buffer.from('.')
  const isBelow = path.subarray(0, start.length).equals(start) && path[start.length] === 0x2f
  return isBelow ? path.subarray(start.length + 1) : path
}

interface Lonely {
  /** The name that holds the content, and was not asked for. */
  readonly target: string
  readonly links: readonly IndexEntry[]
  readonly extract: (entry: TarEntry) => Promise<void>
  /** Takes their names where the content is damaged. */
  readonly damaged: Set<string>
}

/** Returns the damage it met, null when there was none. */
async function materialize(backup: OpenedBackup, lonely: Lonely): Promise<unknown> {
  try {
    await makeLinks(backup, lonely)
    return null
  } catch (error) {
    if (!isDamage(error)) throw error
    for (const { path } of lonely.links) lonely.damaged.add(path)
    return error
  }
}

/** The content under the first of the links' names; the others link to that. */
async function makeLinks(backup: OpenedBackup, { target, links, extract }: Lonely): Promise<void> {
  const [first] = links
  const holder = await entryAt(backup, target)
  if (!first) return
  if (!holder) {
    throw new BackupError(
      'not-verified',
      `${first.path} is a hard link to ${target}, which is missing`,
      {
        permanent: true,
        remedy: 'Restore the whole backup, or leave this path out.',
      },
    )
  }
  const name = bytesOf(first)
  for await (const { header, ...entry } of backup.read([holder])) {
    await extract({ ...entry, header: { ...header, path: first.path, rawPath: name } })
  }
  for await (const { header, ...entry } of backup.read(links.slice(1))) {
    await extract({
      ...entry,
      header: { ...header, linkTarget: first.path, rawLinkTarget: name },
    })
  }
}

function bytesOf(entry: IndexEntry): Buffer {
  return entry.rawPath ?? Buffer.from(entry.path)
}
