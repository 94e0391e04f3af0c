/** Builds small tars for this package's tests. */
import { toByteString } from './byte-string.ts'
import { encodeTarHeader, type TarHeaderFields, tarHeaderBound } from './encode-tar-header.ts'
import type { SegmentEntry, TarSegment } from './segment.ts'
import { SegmentEntries } from './segment-entries.ts'
import { paddingOf, TAR_END_BYTES } from './tar-layout.ts'

export interface Sample extends Partial<Omit<TarHeaderFields, 'path' | 'size'>> {
  readonly path: string
  /** Bytes of a name that is not UTF-8, in place of `path`. */
  readonly rawPath?: Buffer
  readonly content?: Uint8Array
  /** Overrides `type` in the segment's entry. */
  readonly isStream?: boolean
}

export function headerOf(sample: Sample): TarHeaderFields {
  return {
    type: 'file',
    mode: 0o640,
    uid: 1000,
    gid: 100,
    userName: 'ann',
    groupName: 'users',
    mtimeNs: 1_700_000_000_123_456_789n,
    linkTarget: '',
    ...sample,
    path: sample.rawPath?.toString('latin1') ?? toByteString(sample.path),
    size: sample.content?.length ?? 0,
  }
}

/** One segment that holds this entry, header to padding. */
export function segmentOf(sample: Sample): TarSegment {
  const header = headerOf(sample)
  const blocks = Buffer.alloc(tarHeaderBound(header))
  const head = blocks.subarray(0, encodeTarHeader(header, blocks, 0))
  const content = sample.content ?? new Uint8Array(0)
  const entry: SegmentEntry = {
    path: sample.path,
    ...(sample.rawPath && { rawPath: sample.rawPath }),
    type: sample.isStream ? 'stream' : header.type,
    size: header.size,
    mode: header.mode,
    mtimeMs: Number(header.mtimeNs) / 1e6,
    offset: 0,
    ...(header.linkTarget !== '' && { linkTarget: header.linkTarget }),
  }
  const padding = Buffer.alloc(paddingOf(content.length))
  return { bytes: Buffer.concat([head, content, padding]), entries: SegmentEntries.of([entry]) }
}

/** A whole plain tar. */
export function tarOf(samples: readonly Sample[]): Buffer {
  const entries = samples.map((sample) => segmentOf(sample).bytes)
  return Buffer.concat([...entries, Buffer.alloc(TAR_END_BYTES)])
}

/** Cuts bytes into chunks, the sizes taken in turn. */
export async function* chunked(
  bytes: Uint8Array,
  sizes: readonly number[] = [bytes.length],
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? bytes.length)
    yield bytes.subarray(at, at + size)
    at += size
  }
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await gather(chunks))
}

export async function gather<T>(items: AsyncIterable<T>): Promise<T[]> {
  const gathered: T[] = []
  for await (const item of items) gathered.push(item)
  return gathered
}
