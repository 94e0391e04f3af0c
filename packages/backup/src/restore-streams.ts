import { createHash } from 'node:crypto'
import type { IndexEntry } from '@backstream/archive'
import type { RestorableStream, RestoreTarget } from '@backstream/sources'
import { BackupError } from './errors.ts'
import type { OpenedBackup } from './open-backup.ts'
import { entryAt } from './select-entries.ts'

export interface RestoreStreamsRequest {
  readonly backup: OpenedBackup
  readonly target: Pick<RestoreTarget, 'restore'>
  readonly streams: readonly StoredStream[]
  readonly signal: AbortSignal
  readonly overwrite: boolean
  readonly note: (line: string) => void
  readonly onBytes?: (bytes: number) => void
}

/** A stream of a backup, with what was noted of it when it was read. */
export interface StoredStream extends RestorableStream {
  readonly path: string
  readonly members: readonly IndexEntry[]
  readonly bytes: number
}

/** The streams at and below `place`, in the order in which they were read. */
export async function findStreams(backup: OpenedBackup, place: string): Promise<StoredStream[]> {
  const members = new Map<string, IndexEntry[]>()
  for await (const entry of backup.entriesBelow(place)) {
    if (entry.type !== 'stream') continue
    const series = members.get(entry.path)
    if (series) series.push(entry)
    else members.set(entry.path, [entry])
  }
  const streams: StoredStream[] = []
  for (const [path, series] of members) {
    streams.push({
      path,
      name: path === place ? '' : path.slice(place.length + 1),
      facts: await readNote(backup, path),
      members: series,
      bytes: series.reduce((sum, { size }) => sum + size, 0),
    })
  }
  return streams
}

/**
 * Puts streams back into a target, one after another. Each is compared with its size and SHA-256
 * before the target is told that it was all of it.
 */
export async function restoreStreams(request: RestoreStreamsRequest): Promise<void> {
  const { backup, target, streams, onBytes } = request
  let done = 0
  for (const stream of streams) {
    const count = (bytes: number): void => {
      done += bytes
      onBytes?.(done)
    }
    await target.restore(stream, comparedContent(backup, stream, count), request)
  }
}

async function* comparedContent(
  backup: OpenedBackup,
  { path, members, facts, bytes }: StoredStream,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let seen = 0
  for await (const { content } of backup.read(members)) {
    for await (const chunk of content) {
      hash.update(chunk)
      seen += chunk.byteLength
      yield chunk
      count(chunk.byteLength)
    }
  }
  const sha256 = hash.digest('hex')
  const isSame = seen === bytes && (facts['bytes'] ?? seen) === seen && facts['sha256'] === sha256
  if (isSame) return
  throw new BackupError('not-verified', `What was read of ${path} is not what was backed up`, {
    permanent: true,
    remedy: 'Restore another backup; `backstream verify --deep` tells what is damaged.',
  })
}

async function readNote(
  backup: OpenedBackup,
  path: string,
): Promise<Readonly<Record<string, unknown>>> {
  const entry = await entryAt(backup, `${path}.backstream.json`)
  const chunks: Uint8Array[] = []
  if (entry) {
    for await (const { content } of backup.read([entry])) {
      for await (const chunk of content) chunks.push(chunk)
    }
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch (cause) {
    throw new BackupError(
      'not-verified',
      `${path}.backstream.json, which tells what ${path} is, cannot be read`,
      {
        cause,
        permanent: true,
        remedy: 'Restore with --to, and put the file back by hand.',
      },
    )
  }
}
