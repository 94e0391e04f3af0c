/**
 * Copies an SQLite database to standard output, consistent while others write, without a second copy
 * on disk. A program of its own: `node sqlite-pages.ts FILE`.
 *
 * A read transaction is held open. Without a write-ahead log it holds a shared lock, under which nobody
 * writes to the file: its bytes are the copy. With one, what a reader may see is the file with the
 * newest frame of each page laid over it, up to the frame that was the last when the transaction began;
 * the reader's lock keeps checkpoints from passing it and writers from starting the log anew.
 *
 * Format of log and index: https://sqlite.org/fileformat2.html and https://sqlite.org/walformat.html.
 * No descriptor of the three files is closed before the end: closing one would give up the locks that
 * SQLite holds on it in this process. That is also why this is no part of a larger one.
 */
import { fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

const indexHeaderBytes = 48
const frameHeadBytes = 24
const logHeadBytes = 32
/** Of the index: how many frames a checkpoint has brought into the file. */
const backfillOffset = 96
const batchBytes = 1 << 20
const mostTries = 1_000

interface Snapshot {
  readonly pageBytes: number
  readonly pages: number
  /** The newest frame of each page that has one, counted from 0. */
  readonly frames: ReadonlyMap<number, number>
}

const [, , path = ''] = process.argv
const file = openSync(path, 'r')
const database = new DatabaseSync(path, { readOnly: true })
database.exec('PRAGMA busy_timeout = 30000')
const isLogged = readPragma('journal_mode') === 'wal'
const log = isLogged ? openLog() : null
copy(log ? loggedSnapshot(log) : plainSnapshot())

interface Log {
  readonly frames: number
  readonly index: number
}

/** The first read makes log and index where they are not there yet. */
function openLog(): Log {
  database.prepare('SELECT count(*) FROM sqlite_schema').get()
  return { frames: openSync(`${path}-wal`, 'r'), index: openSync(`${path}-shm`, 'r') }
}

function plainSnapshot(): Snapshot {
  begin()
  return {
    pageBytes: Number(readPragma('page_size')),
    pages: Number(readPragma('page_count')),
    frames: new Map(),
  }
}

function loggedSnapshot({ frames: logFile, index }: Log): Snapshot {
  for (let attempt = 0; attempt < mostTries; attempt++) {
    const before = bytesOf(index, 0, indexHeaderBytes)
    begin()
    const backfilled = bytesOf(index, backfillOffset, 4).readUInt32LE()
    // Somebody committed meanwhile: which frame is the last of this transaction would be a guess.
    if (!before.equals(bytesOf(index, 0, indexHeaderBytes))) {
      database.exec('ROLLBACK')
      continue
    }
    const last = before.readUInt32LE(16)
    const pageBytes = Number(readPragma('page_size'))
    // All of it is in the file; the log may then be started anew under this reader.
    const frames = backfilled >= last ? new Map() : newestFrames(logFile, { last, pageBytes })
    return { pageBytes, pages: Number(readPragma('page_count')), frames }
  }
  throw new Error(`${path} is committed to so often that no moment of it can be told`)
}

/** The lock is taken by the first read. */
function begin(): void {
  database.exec('BEGIN')
  database.prepare('SELECT count(*) FROM sqlite_schema').get()
}

function newestFrames(
  logFile: number,
  { last, pageBytes }: { readonly last: number; readonly pageBytes: number },
): Map<number, number> {
  const newest = new Map<number, number>()
  for (let frame = 0; frame < last; frame++) {
    const at = logHeadBytes + frame * (frameHeadBytes + pageBytes)
    newest.set(bytesOf(logFile, at, 4).readUInt32BE(), frame)
  }
  return newest
}

function copy({ pageBytes, pages, frames }: Snapshot): void {
  const perBatch = Math.max(1, Math.floor(batchBytes / pageBytes))
  for (let first = 1; first <= pages; first += perBatch) {
    const count = Math.min(perBatch, pages - first + 1)
    const batch = Buffer.alloc(count * pageBytes)
    // Pages that were never written out may lie behind the end of the file.
    const inFile = Math.max(0, fstatSync(file).size - (first - 1) * pageBytes)
    const wanted = Math.min(batch.length, inFile)
    bytesOf(file, (first - 1) * pageBytes, wanted).copy(batch)
    for (let page = first; page < first + count; page++) {
      const frame = frames.get(page)
      if (frame === undefined || !log) continue
      const at = logHeadBytes + frame * (frameHeadBytes + pageBytes) + frameHeadBytes
      bytesOf(log.frames, at, pageBytes).copy(batch, (page - first) * pageBytes)
    }
    write(batch)
  }
}

function readPragma(pragma: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]
}

function bytesOf(from: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let done = 0; done < length; ) {
    const read = readSync(from, bytes, done, length - done, at + done)
    if (read === 0) throw new Error(`${path} ends before its time`)
    done += read
  }
  return bytes
}

function write(bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSome(bytes, done)
}

/** Standard output may be a pipe that does not wait. */
function writeSome(bytes: Buffer, from: number): number {
  try {
    return writeSync(1, bytes, from)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    return 0
  }
}
