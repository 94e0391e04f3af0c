import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { IndexEntry } from '@backstream/archive'
import { checkSqlite, runCheck } from '@backstream/sources'
import type { Storage } from '@backstream/storage'
import type { DrillCheck, DrillRequest } from './drill-backup.ts'
import { type OpenedBackup, openBackup } from './open-backup.ts'

/** What must hold of what was restored, beside that it is what the archive holds. */
export interface DrillChecks {
  /** Paths as they stand in the archive. */
  readonly present: readonly string[]
  readonly minFiles: number | null
  /** So many files are hashed where they were restored, and once more in the archive. */
  readonly sampleFiles: number
  /** Must exit 0; run in the restored directory, without a shell. */
  readonly command: { readonly argv: readonly string[]; readonly timeoutMs: number } | null
}

/** Larger files are not hashed again: the restore has compared them on the way. */
const largestSampleBytes = 64 << 20

export async function checkRestored(
  storage: Storage,
  request: DrillRequest,
): Promise<DrillCheck[]> {
  const { checks, to, signal } = request
  const backup = await openBackup(storage, request.manifest, request)
  const expected = await readIndex(backup, checks.sampleFiles, request.random)
  const found = await countFiles(to, signal)
  return [
    checkCounts(expected, found),
    ...(await checkPresent(to, checks.present)),
    ...checkFiles(checks.minFiles, found),
    ...(await checkSqliteFiles(request, expected.streams)),
    ...(await checkSample(backup, { to, wanted: expected.sample })),
    ...(await runCommand(request)),
  ]
}

interface Expected {
  readonly files: number
  readonly links: number
  readonly sample: readonly IndexEntry[]
  readonly streams: ReadonlySet<string>
}

/** Counts, and a fair choice of the files, from one reading of the index. */
async function readIndex(
  backup: OpenedBackup,
  sampleFiles: number,
  random: () => number,
): Promise<Expected> {
  const counts = { files: 0, links: 0 }
  const chosen: { readonly at: number; readonly entry: IndexEntry }[] = []
  const streams = new Set<string>()
  let candidates = 0
  let at = 0
  for await (const entry of backup.entriesBelow('')) {
    at += 1
    if (entry.type === 'stream') streams.add(entry.path)
    if (entry.type === 'symlink') counts.links += 1
    if (['file', 'stream', 'link'].includes(entry.type)) counts.files += 1
    if (!isSampled(entry)) continue
    candidates += 1
    const place = candidates <= sampleFiles ? candidates - 1 : Math.floor(random() * candidates)
    if (place < sampleFiles) chosen[place] = { at, entry }
  }
  const sample = chosen.toSorted((a, b) => a.at - b.at).map(({ entry }) => entry)
  return { ...counts, sample, streams }
}

/** A name that is not UTF-8 is left to the restore's own comparison. */
function isSampled({ type, size, rawPath }: IndexEntry): boolean {
  return (
    (type === 'file' || type === 'stream') && size <= largestSampleBytes && rawPath === undefined
  )
}

interface Found {
  readonly files: number
  readonly links: number
}

async function countFiles(directory: string, signal: AbortSignal): Promise<Found> {
  let files = 0
  let links = 0
  const waiting = [Buffer.from(directory)]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    signal.throwIfAborted()
    for (const entry of await readdir(next, { withFileTypes: true, encoding: 'buffer' })) {
      if (entry.isDirectory()) waiting.push(Buffer.concat([next, Buffer.from('/'), entry.name]))
      else if (entry.isSymbolicLink()) links += 1
      else files += 1
    }
  }
  return { files, links }
}

function checkCounts(expected: Found, found: Found): DrillCheck {
  const isPassed = expected.files === found.files && expected.links === found.links
  const words = `${found.files} files and ${found.links} symbolic links`
  const wanted = `instead of ${expected.files} and ${expected.links}`
  return { name: 'counts', isPassed, words: isPassed ? words : `${words} ${wanted}` }
}

async function checkPresent(to: string, paths: readonly string[]): Promise<DrillCheck[]> {
  if (paths.length === 0) return []
  const missing: string[] = []
  for (const path of paths) if (!(await isThere(join(to, path)))) missing.push(path)
  const isPassed = missing.length === 0
  const words = isPassed ? `${paths.length} paths are there` : `missing: ${missing.join(', ')}`
  return [{ name: 'present', isPassed, words }]
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch {
    // Whatever keeps us from seeing it would keep others, too.
    return false
  }
}

function checkFiles(minFiles: number | null, { files }: Found): DrillCheck[] {
  if (minFiles === null) return []
  const isPassed = files >= minFiles
  const words = isPassed ? `at least ${minFiles} files` : `${files} files, less than ${minFiles}`
  return [{ name: 'files', isPassed, words }]
}

/** Of streams that are SQLite files, by the note beside each. */
async function checkSqliteFiles(
  { to, manifest, environment, signal }: DrillRequest,
  streams: ReadonlySet<string>,
): Promise<DrillCheck[]> {
  if (!manifest.sources.some(({ kind }) => kind === 'sqlite')) return []
  const checks: DrillCheck[] = []
  for (const path of streams) {
    const note = await readFile(join(to, `${path}.backstream.json`), 'utf8')
    const { kind, form } = JSON.parse(note)
    if (kind !== 'sqlite' || form !== 'file') continue
    const { isOk, words } = await checkSqlite(join(to, path), environment, signal)
    const said = isOk ? 'PRAGMA integrity_check finds nothing' : `PRAGMA integrity_check ${words}`
    checks.push({ name: 'integrity', isPassed: isOk, words: `${path}: ${said}` })
  }
  return checks
}

async function checkSample(
  backup: OpenedBackup,
  { to, wanted }: { readonly to: string; readonly wanted: readonly IndexEntry[] },
): Promise<DrillCheck[]> {
  if (wanted.length === 0) return []
  const hashes = new Map<string, ReturnType<typeof createHash>>()
  for await (const { header, content } of backup.read(wanted)) {
    // The members of a stream make one file.
    const hash = hashes.get(header.path) ?? createHash('sha256')
    hashes.set(header.path, hash)
    for await (const chunk of content) hash.update(chunk)
  }
  const differing: string[] = []
  for (const [path, hash] of hashes) {
    if ((await hashFile(join(to, path))) !== hash.digest('hex')) differing.push(path)
  }
  const isPassed = differing.length === 0 && hashes.size === wanted.length
  const words = isPassed
    ? `${wanted.length} files hash as in the archive`
    : `not as in the archive: ${differing.join(', ')}`
  return [{ name: 'sample', isPassed, words }]
}

/** Null where it cannot be read, or is no file: then it is not what the archive holds. */
async function hashFile(path: string): Promise<string | null> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
    const hash = createHash('sha256')
    for await (const chunk of file.createReadStream({ autoClose: false })) hash.update(chunk)
    return hash.digest('hex')
  } catch {
    return null
  }
}

async function runCommand({
  checks: { command },
  ...request
}: DrillRequest): Promise<DrillCheck[]> {
  if (!command) return []
  const { plan, backup } = request.manifest
  const { isOk, words } = await runCheck({
    argv: command.argv,
    timeoutMs: command.timeoutMs,
    cwd: request.to,
    environment: request.environment,
    variables: {
      BACKSTREAM_PLAN: plan,
      BACKSTREAM_BACKUP: backup,
      BACKSTREAM_RESTORED: request.to,
    },
    signal: request.signal,
  })
  // Not its arguments: one of them may be a secret.
  return [{ name: 'command', isPassed: isOk, words: `${command.argv[0]} ${words}` }]
}
