import {
  emptyReport,
  type LegacyArchive,
  listLegacyArchives,
  pickLegacyArchive,
  RateMeter,
  restoreLegacyArchive,
} from '@backstream/backup'
import { describeDuration, formatBytes } from '@backstream/config'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'
import { openProgressView } from '../output/progress-view.ts'
import { noteWhatDiffers } from '../output/restore-text.ts'
import { renderTable } from '../output/table.ts'
import { type OpenStorage, openStorage, storageFromEnvironment } from './open-storage.ts'
import { parseStorageAddress } from './parse-storage-address.ts'
import type { RestoreOptions } from './restore.ts'
import { checkRestoreTarget } from './restore-target.ts'

/** `list --legacy`: the predecessor's archives, of every storage or of the one that is named. */
export async function listLegacy(session: Session, from: string | undefined): Promise<void> {
  const found: (LegacyArchive & { readonly storage: string })[] = []
  await withStorages(session, from, async (storage) => {
    const archives = await listLegacyArchives(storage, session.interruption())
    found.push(...archives.map((archive) => ({ ...archive, storage: storage.location })))
    return false
  })
  if (session.json) {
    return session.printJson({ format: 'backstream.list-legacy/1', archives: found })
  }
  const table = renderTable(
    [{ heading: 'ARCHIVE' }, { heading: 'STORED', align: 'right' }, { heading: 'KEY' }],
    found.map(({ host, stamp, bytes, storage, key }) => [
      `${host}/${stamp}`,
      formatBytes(bytes),
      `${storage}/${key}`,
    ]),
  )
  session.print(found.length === 0 ? 'no archives of the predecessor\n' : table)
}

/** `restore HOST --legacy`. */
export async function restoreLegacy(
  session: Session,
  ref: string,
  options: RestoreOptions & { readonly from?: string },
): Promise<void> {
  const [host = ''] = ref.split('/')
  if (options.to === undefined) {
    throw new CliError('usage', 'where to restore is not said', { remedy: 'Say --to DIR.' })
  }
  const home = session.env['HOME']
  const to = checkRestoreTarget({ to: options.to, plan: host, yes: options.yes, home })
  const isDone = await withStorages(session, options.from, async (storage) => {
    const archives = await listLegacyArchives(storage, session.interruption())
    if (options.from === undefined && !archives.some((one) => one.host === host)) return false
    const archive = pickLegacyArchive(archives, ref)
    await bringBack(session, { storage, archive, options: { ...options, to } })
    return true
  })
  if (!isDone) pickLegacyArchive([], ref)
}

interface BringBack {
  readonly storage: OpenStorage
  readonly archive: LegacyArchive
  readonly options: RestoreOptions & { readonly to: string }
}

async function bringBack(session: Session, { storage, archive, options }: BringBack) {
  const { to, path: paths = [], overwrite, keepSetuid = false } = options
  const name = `${archive.host}/${archive.stamp}`
  const at = `${storage.location}/${archive.key}`
  if (options.dryRun) {
    return session.print(
      `would restore ${at} (${formatBytes(archive.bytes)} to fetch) into ${to}\n`,
    )
  }
  const report = emptyReport()
  const rate = new RateMeter(session.clock)
  const view = await openProgressView({ ...session, stream: session.stderr })
  const onFetched = (bytes: number) => {
    const { bytesPerSecond, etaSeconds } = rate.look(bytes, archive.bytes)
    const left = etaSeconds === null ? '' : `, ${describeDuration(etaSeconds * 1000)} left`
    const text = `${formatBytes(bytes)} of ${formatBytes(archive.bytes)}, ${formatBytes(bytesPerSecond)}/s${left}`
    view.set(name, { percent: (100 * bytes) / archive.bytes, text })
  }
  const keepOwners = process.getuid?.() === 0
  const signal = session.interruption()
  const given = { archive, to, paths, overwrite, keepSetuid, keepOwners, signal, report, onFetched }
  const { tops } = await restoreLegacyArchive(storage, given).finally(() => view.stop())
  const { entries, files, bytes } = report
  if (session.json) {
    const counts = { to, verified: false, entries, files, bytes, tops }
    session.printJson({ format: 'backstream.restore-legacy/1', archive: name, key: at, ...counts })
  } else {
    session.print(`${name}: restored: ${entries} entries, ${formatBytes(bytes)} in ${to}\n`)
  }
  session.note('note: it ends as a tar should and gzip finds no error; no manifest tells what')
  session.note(`      should be in it. There is: ${tops.join(', ')}`)
  noteWhatDiffers(session, report)
}

/** Until one of them has what is looked for. */
async function withStorages(
  session: Session,
  from: string | undefined,
  work: (storage: OpenStorage) => Promise<boolean>,
): Promise<boolean> {
  const configs =
    from === undefined
      ? Object.values((await session.config()).storages)
      : [storageFromEnvironment(parseStorageAddress(from), session.env)]
  for (const config of configs) {
    await using storage = await openStorage(session, config)
    if (await work(storage)) return true
  }
  return false
}
