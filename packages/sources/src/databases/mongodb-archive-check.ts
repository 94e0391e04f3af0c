/**
 * What mongodump --archive writes: a magic number, a header and what it knows of each collection as
 * BSON up to a terminator, then blocks: the collection's name as BSON, documents, a terminator. Blocks of
 * several collections are mixed; each collection ends with a block that says EOF.
 *
 * Layout: `common/archive` of mongo-tools.
 */
import { SourceError } from '../source-error.ts'
import { cutShort, nothing, type StreamCheck } from '../stream-check.ts'
import { type FormatScript, PushParser } from './push-parser.ts'

const magic = 0x8199e26d
const terminator = 0xffffffff
/** The largest document of MongoDB, and what may stand around one. */
const maxDocumentBytes = 32 << 20

interface Progress {
  /** Collections of the head that have not ended. */
  readonly open: Set<string>
  isBetween: boolean
}

export function checkMongoArchive(label: string): StreamCheck {
  const progress: Progress = { open: new Set(), isBetween: false }
  const parser = new PushParser(readArchive(progress))
  return {
    take(chunk) {
      try {
        parser.push(chunk)
      } catch (error) {
        throw new SourceError(
          'trailer-missing',
          `The output of ${label} is not an archive of mongodump: ${(error as Error).message}`,
          { remedy: 'See what writes to its standard output besides it.' },
        )
      }
      return chunk
    },
    end() {
      const { open, isBetween } = progress
      if (isBetween && parser.isAtPieceStart && open.size === 0) return nothing
      throw cutShort(
        label,
        isBetween ? `${open.size} collections have no end` : 'it ends in a block',
      )
    },
  }
}

function* readArchive(progress: Progress): FormatScript {
  if ((yield 4).readUInt32LE() !== magic) throw new Error('its first bytes make no sense')
  let document = yield* readDocument() // the header
  for (;;) {
    document = yield* readDocument()
    if (document === null) break
    const { db, collection, type } = textsOf(document)
    // A view has no documents; those of a time series lie in a collection of another name.
    const holder = type === 'timeseries' ? `system.buckets.${collection}` : collection
    if (type !== 'view') progress.open.add(`${db}.${holder}`)
  }
  for (;;) {
    progress.isBetween = true
    const head = yield* readDocument()
    progress.isBetween = false
    if (head === null) throw new Error('a block without a name')
    const { db, collection } = textsOf(head)
    const isLast = isEnd(head)
    while ((yield* passDocument()) !== null);
    if (isLast) progress.open.delete(`${db}.${collection}`)
  }
}

/** A document, or null for a terminator. */
function* readDocument(): Generator<number, Buffer | null, Buffer> {
  const bytes = yield* readLength()
  return bytes === null ? null : yield bytes
}

function* passDocument(): Generator<number, number | null, Buffer> {
  const bytes = yield* readLength()
  if (bytes !== null) yield -bytes
  return bytes
}

function* readLength(): Generator<number, number | null, Buffer> {
  const bytes = (yield 4).readUInt32LE()
  if (bytes === terminator) return null
  if (bytes < 5 || bytes > maxDocumentBytes) throw new Error(`a document of ${bytes} bytes`)
  return bytes - 4
}

/** The texts at the top of a BSON document, of which its length was taken off. */
function textsOf(document: Buffer): Record<string, string> {
  const texts: Record<string, string> = {}
  for (const { type, name, at } of elements(document)) {
    if (type !== 2) continue
    const bytes = document.readInt32LE(at)
    texts[name] = document.toString('utf8', at + 4, at + 3 + bytes)
  }
  return texts
}

function isEnd(document: Buffer): boolean {
  for (const { type, name, at } of elements(document))
    if (type === 8 && name === 'EOF') return document[at] === 1
  return false
}

function* elements(document: Buffer) {
  let at = 0
  while (at < document.length && document[at] !== 0) {
    const type = document[at] ?? 0
    const end = document.indexOf(0, at + 1)
    const name = document.toString('utf8', at + 1, end)
    yield { type, name, at: end + 1 }
    const size = sizeOf(document, type, end + 1)
    if (size === null) return
    at = end + 1 + size
  }
}

/** Of the kinds of values that stand in these heads; null for another. */
function sizeOf(document: Buffer, type: number, at: number): number | null {
  if (type === 1 || type === 9 || type === 17 || type === 18) return 8
  if (type === 2) return 4 + document.readInt32LE(at)
  if (type === 3 || type === 4) return document.readInt32LE(at)
  if (type === 8) return 1
  if (type === 16) return 4
  return type === 10 ? 0 : null
}
