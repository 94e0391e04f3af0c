/** What writes tar entries and nothing else: a reader thread loads this instead of the whole package. */
export { type ByteString, decodeByteString, isAscii, toByteString } from './byte-string.ts'
export { encodeTarHeader, type TarHeaderFields, tarHeaderBound } from './encode-tar-header.ts'
export type * from './segment.ts'
export { EntryPacker, type PackedEntries, SegmentEntries } from './segment-entries.ts'
export { paddingOf } from './tar-layout.ts'
