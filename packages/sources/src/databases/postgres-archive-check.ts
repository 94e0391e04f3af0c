/**
 * The custom format of pg_dump, written to a pipe: `PGDMP`, a head, the table of contents, and one
 * block of data for each entry that has any. Nothing marks its end, so the table of contents is read,
 * and the stream is whole when each of these blocks has come, and come to its end.
 *
 * Layout: `pg_backup_archiver.c` (ReadHead, ReadToc) and `pg_backup_custom.c` of PostgreSQL.
 */
import { SourceError } from '../source-error.ts'
import { cutShort, nothing, type StreamCheck } from '../stream-check.ts'
import { CopiedLines } from './copied-lines.ts'
import { type FormatScript, PushParser } from './push-parser.ts'
import type { RowCount, TableName } from './row-count.ts'

/** Of the archive format: 1.12 is written by PostgreSQL 9.0, 1.16 by 17 and 18. */
const oldest = 12
const newest = 16
const blockData = 1
const blockBlobs = 3
/** An entry's data that will come, at a place not known beforehand. */
const dataToCome = 1

interface Progress {
  version: number
  intBytes: number
  /** Entries whose data has not come yet; of a table with its schema and name. */
  readonly missing: Map<number, TableName | null>
  /** The data of a table that is just passing. */
  copied: CopiedLines | null
  readonly counted: { readonly name: TableName; readonly lines: number }[]
  place: string
}

/** Counts into `rows`, on the way, the rows of each table as they stand in the dump. */
export function checkPostgresArchive(label: string, rows?: RowCount): StreamCheck {
  const progress: Progress = {
    ...{ version: 0, intBytes: 4, place: 'its head' },
    ...{ missing: new Map(), copied: null, counted: [] },
  }
  const parser = new PushParser(readArchive(progress, label), (piece) =>
    progress.copied?.take(piece),
  )
  return {
    take(chunk) {
      try {
        parser.push(chunk)
      } catch (error) {
        if (error instanceof SourceError) throw error
        throw notAnArchive(label, progress.place)
      }
      return chunk
    },
    end() {
      if (parser.isWhole) {
        for (const { name, lines } of progress.counted) rows?.add(name, lines)
        return nothing
      }
      const left = progress.missing.size
      const tables = left === 1 ? 'the data of 1 entry is' : `the data of ${left} entries are`
      throw cutShort(
        label,
        left > 0
          ? `it ends in ${progress.place}, and ${tables} missing`
          : `it ends in ${progress.place}`,
      )
    },
  }
}

function* readArchive(progress: Progress, label: string): FormatScript {
  yield* readHead(progress, label)
  progress.place = 'the table of contents'
  const entries = yield* readInt(progress)
  for (let entry = 0; entry < entries; entry++) yield* readEntry(progress)
  while (progress.missing.size > 0) {
    progress.place = 'what lies between two blocks'
    const [block] = yield 1
    const id = yield* readInt(progress)
    if (!progress.missing.has(id)) throw notAnArchive(label, `a block of the entry ${id}`)
    progress.place = `the data of entry ${id}`
    if (block === blockData) yield* readData(progress, progress.missing.get(id) ?? null)
    else if (block === blockBlobs) yield* readBlobs(progress)
    else throw notAnArchive(label, progress.place)
    progress.missing.delete(id)
  }
  progress.place = 'something behind its end'
}

function* readHead(progress: Progress, label: string): FormatScript {
  if (String(yield 5) !== 'PGDMP') throw notAnArchive(label, 'its first bytes')
  const [major = 0, minor = 0, , intBytes = 0, offsetBytes = 0, format] = yield 6
  if (major !== 1 || minor < oldest || minor > newest) throw unknownVersion(label, major, minor)
  // Custom, with integers as every machine has them.
  if (format !== 1 || intBytes !== 4 || offsetBytes !== 8) throw notAnArchive(label, 'its head')
  progress.version = minor
  if (minor >= 15)
    yield -1 // compression
  else yield* readInt(progress)
  for (let part = 0; part < 7; part++) yield* readInt(progress) // when it was made
  for (let text = 0; text < 3; text++) yield* skipText(progress) // of what, by what
}

function* readEntry(progress: Progress): FormatScript {
  const { version } = progress
  const id = yield* readInt(progress)
  yield* readInt(progress) // whether something dumps data
  for (let text = 0; text < 2; text++) yield* skipText(progress) // table, object
  const tag = yield* readText(progress)
  const what = yield* readText(progress)
  yield* readInt(progress) // section
  for (let text = 0; text < 3; text++) yield* skipText(progress) // definition, drop, copy
  const schema = yield* readText(progress)
  yield* skipText(progress) // tablespace
  if (version >= 14) yield* skipText(progress) // access method
  if (version >= 16) yield* readInt(progress) // kind of relation
  yield* skipText(progress) // owner
  yield* skipText(progress) // with oids
  while (yield* skipText(progress)); // dependencies, up to one that is none
  const [state] = yield 1
  yield -8
  if (state === dataToCome) progress.missing.set(id, what === 'TABLE DATA' ? [schema, tag] : null)
}

function* readData(progress: Progress, table: TableName | null): FormatScript {
  if (table === null) return yield* readChunks(progress)
  const copied = new CopiedLines()
  // Only what lies in the chunks: their lengths are asked for, and so are not passed over.
  progress.copied = copied
  yield* readChunks(progress)
  progress.copied = null
  progress.counted.push({ name: table, lines: copied.rows })
}

function* readChunks(progress: Progress): FormatScript {
  for (;;) {
    const bytes = yield* readInt(progress)
    if (bytes === 0) return
    if (bytes < 0) throw new RangeError('a negative length')
    yield -bytes
  }
}

function* readBlobs(progress: Progress): FormatScript {
  while ((yield* readInt(progress)) !== 0) yield* readChunks(progress)
}

/** A sign, then the number, its lowest byte first. */
function* readInt({ intBytes }: Progress): Generator<number, number, Buffer> {
  const bytes = yield 1 + intBytes
  const value = bytes.readUIntLE(1, intBytes)
  return bytes[0] === 0 ? value : -value
}

/** '' for a text that is null. */
function* readText(progress: Progress): Generator<number, string, Buffer> {
  const bytes = yield* readInt(progress)
  return bytes > 0 ? String(yield bytes) : ''
}

/** False for a text that is null. */
function* skipText(progress: Progress): Generator<number, boolean, Buffer> {
  const bytes = yield* readInt(progress)
  if (bytes < 0) return false
  yield -bytes
  return true
}

function notAnArchive(label: string, place: string): SourceError {
  return new SourceError(
    'trailer-missing',
    `The output of ${label} is not an archive of pg_dump: ${place} makes no sense`,
    { remedy: 'See what writes to its standard output besides it.' },
  )
}

function unknownVersion(label: string, major: number, minor: number): SourceError {
  return new SourceError(
    'trailer-missing',
    `The output of ${label} is an archive of version ${major}.${minor}, of which this version of Backstream cannot tell whether it is whole`,
    {
      permanent: true,
      remedy: 'Use a newer Backstream, or a pg_dump of PostgreSQL 9.0 to 18.',
    },
  )
}
