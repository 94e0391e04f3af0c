/**
 * Archives of the predecessor: `HOST-YYYY-MM-DD-HH-MM-SS.tar.gz`, a gzip'd tar with nothing beside it.
 * The time is that of the machine that made it, without a zone; the newest is the last by name.
 */
import { isAtOrBelow, readTar, unpackFrames } from '@backstream/archive'
import type { Storage } from '@backstream/storage'
import { BackupError } from './errors.ts'
import type { ExtractReport } from './extract-report.ts'
import { TreeExtractor } from './extract-tree.ts'
import type { Overwrite } from './overwrite.ts'
import { prepareTarget } from './prepare-target.ts'
import { readVolume } from './read-archive.ts'

export interface LegacyArchive {
  readonly key: string
  readonly host: string
  /** `2026-08-21-03-15-00` */
  readonly stamp: string
  readonly bytes: number
}

const pattern = /(?:^|\/)([^/]+)-(\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)\.tar\.gz$/

/** All of them below the storage's prefix, the newest of each host first. */
export async function listLegacyArchives(
  storage: Storage,
  signal: AbortSignal,
): Promise<LegacyArchive[]> {
  const found: LegacyArchive[] = []
  for await (const { key, bytes } of storage.list('', { signal })) {
    const [, host, stamp] = pattern.exec(key) ?? []
    if (host !== undefined && stamp !== undefined) found.push({ key, host, stamp, bytes })
  }
  const order = (a: string, b: string) => (a < b ? -1 : Number(a > b))
  return found.sort((a, b) => order(a.host, b.host) || order(b.stamp, a.stamp))
}

/** `HOST`, `HOST/latest`, or `HOST/` and a unique beginning of its time. */
export function pickLegacyArchive(archives: readonly LegacyArchive[], ref: string): LegacyArchive {
  const [host = '', wanted = 'latest'] = ref.split('/')
  const own = archives.filter((archive) => archive.host === host)
  const fitting = wanted === 'latest' ? own.slice(0, 1) : own.filter(startsWith(wanted))
  const [only] = fitting
  if (only && fitting.length === 1) return only
  if (fitting.length > 1) {
    const stamps = fitting.slice(0, 5).map(({ stamp }) => stamp)
    throw new BackupError('ambiguous-backup', `${ref} could be ${stamps.join(', ')}`, {
      permanent: true,
      remedy: 'Give more of the time.',
    })
  }
  throw new BackupError('no-such-backup', `There is no archive ${ref}`, {
    permanent: true,
    remedy: '`backstream list --legacy` shows what there is.',
  })
}

function startsWith(wanted: string): (archive: LegacyArchive) => boolean {
  return ({ stamp }) => stamp.startsWith(wanted)
}

export interface RestoreLegacyRequest {
  readonly archive: LegacyArchive
  readonly to: string
  /** What lies there and below; none is everything. */
  readonly paths: readonly string[]
  readonly overwrite?: Overwrite | undefined
  readonly keepOwners: boolean
  readonly keepSetuid?: boolean
  readonly signal: AbortSignal
  readonly report: ExtractReport
  readonly onFetched?: (bytes: number) => void
}

/**
 * Resolves when all of it was read to the tar's end, gzip's checksums held, and the wanted entries are
 * written. That is all anybody can tell of such an archive: nothing says what should be in it. Rejects
 * with `no-such-path` where a path is not in it.
 */
export async function restoreLegacyArchive(
  storage: Storage,
  request: RestoreLegacyRequest,
): Promise<{ readonly tops: readonly string[] }> {
  const { archive, to, overwrite, signal, keepOwners, keepSetuid = false, report } = request
  const target = prepareTarget(to, overwrite)
  const extractor = new TreeExtractor({ ...target, keepOwners, keepSetuid }, { signal, report })
  const range = { start: 0, end: archive.bytes, signal }
  const stored = counted(readVolume(storage, archive, range), request.onFetched)
  const plain = unpackFrames(stored, { algorithm: 'gzip', signal })
  const missing = new Set(request.paths)
  const tops = new Set<string>()
  try {
    for await (const entry of readTar(plain, { signal })) {
      const path = entry.header.path.replace(/^(\.?\/)+/, '')
      tops.add(path.split('/')[0] ?? '')
      const wanted = request.paths.filter((each) => isAtOrBelow(path, each.replace(/\/+$/, '')))
      for (const each of wanted) missing.delete(each)
      if (request.paths.length === 0 || wanted.length > 0) await extractor.extract(entry)
    }
  } catch (error) {
    extractor.abandon()
    throw error
  }
  extractor.finish()
  if (missing.size === 0) return { tops: [...tops] }
  const message = `There is no ${[...missing].join(', ')} in ${archive.key}`
  throw new BackupError('no-such-path', message, {
    permanent: true,
    remedy: 'Write the path as `tar tzf` shows it, without a leading slash.',
  })
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  onFetched: ((bytes: number) => void) | undefined,
): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.byteLength
    onFetched?.(bytes)
    yield chunk
  }
}
