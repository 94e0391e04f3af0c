import { ArchiveError } from './archive-error.ts'
import { ByteReader } from './byte-reader.ts'
import {
  decodeIndexEntry,
  type IndexEntry,
  type IndexFooter,
  type IndexFrame,
  indexFormat,
} from './index-format.ts'
import { decodeZstdFrame } from './zstd-decoder.ts'
import { readZstdFrame } from './zstd-frames.ts'

/** An index object, wherever it is: bytes by range. */
export interface IndexObject {
  /** The bytes from `start` up to, not including, `end`. */
  read(start: number, end: number): Promise<Uint8Array>
  /** Size of the object. */
  readonly bytes: number
  /** Where its footer lies, as the manifest says. */
  readonly footer: { readonly offset: number; readonly bytes: number }
}

export interface ArchiveIndex {
  readonly footer: IndexFooter
  /** All entries in the archive's order, one index frame in memory at a time. */
  entries(): AsyncIterable<IndexEntry>
  /** The entries of one of `footer.index`. */
  entriesIn(frame: IndexFrame): Promise<readonly IndexEntry[]>
}

const maxEntryFrameBytes = 64 << 20
/** Some 16 bytes a frame of the archive: enough for hundreds of tebibytes. */
const maxFooterBytes = 512 << 20

/** Reads the footer; `ArchiveError` when it is not one, or names what the object cannot hold. */
export async function openIndex(object: IndexObject): Promise<ArchiveIndex> {
  const footer = parseFooter(await readFrame(object, object.footer, maxFooterBytes))
  const entriesIn = async (frame: IndexFrame): Promise<readonly IndexEntry[]> =>
    parseEntries(await readFrame(object, frame, maxEntryFrameBytes), frame)
  return {
    footer,
    entriesIn,
    async *entries() {
      for (const frame of footer.index) yield* await entriesIn(frame)
    },
  }
}

async function readFrame(
  object: IndexObject,
  { offset, bytes }: { readonly offset: number; readonly bytes: number },
  maxBytes: number,
): Promise<Buffer> {
  const isInside = Number.isSafeInteger(offset) && Number.isSafeInteger(bytes) && offset >= 0
  if (!isInside || bytes <= 0 || offset + bytes > object.bytes) {
    throw new ArchiveError('corrupt', 'the index names bytes outside of itself')
  }
  const stored = await object.read(offset, offset + bytes)
  const reader = new ByteReader(once(stored))
  const frame = await readZstdFrame(reader, { maxFrameBytes: maxBytes })
  if (frame === null || stored.length !== bytes || !(await reader.isAtEnd())) {
    throw new ArchiveError('corrupt', 'the index does not hold the one frame it names')
  }
  return await decodeZstdFrame(frame, maxBytes)
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes
}

function parseEntries(plain: Buffer, frame: IndexFrame): readonly IndexEntry[] {
  const lines = plain.toString().split('\n')
  if (lines.pop() !== '' || lines.length !== frame.entries) {
    throw new ArchiveError('corrupt', `an index frame does not hold its ${frame.entries} entries`)
  }
  return lines.map((line) => parseJson(line, decodeIndexEntry))
}

function parseFooter(plain: Buffer): IndexFooter {
  const footer = parseJson(plain.toString(), (text) => JSON.parse(text) as IndexFooter)
  if (footer?.format !== indexFormat) {
    throw new ArchiveError('unsupported', 'the index is in a format this version does not read', {
      remedy: 'Read it with the version that wrote it, or a later one.',
    })
  }
  for (const list of [footer.frames, footer.parts, footer.index, footer.warnings]) {
    if (!Array.isArray(list)) throw new ArchiveError('corrupt', 'the index footer lacks a list')
  }
  if (footer.frames.length % 2 !== 0 || !footer.frames.every(isSize)) {
    throw new ArchiveError('corrupt', 'the frame table of the index is not one')
  }
  return footer
}

function isSize(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function parseJson<T>(text: string, parse: (text: string) => T): T {
  try {
    return parse(text)
  } catch (cause) {
    throw new ArchiveError('corrupt', 'the index holds a line that is not JSON', { cause })
  }
}
