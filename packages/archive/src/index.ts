export { decryptAge } from './age-decrypt.ts'
export { type EncryptedStream, encryptAge } from './age-encrypt.ts'
export {
  type AgeIdentity,
  type AgeRecipient,
  createAgeKey,
  parseAgeIdentities,
  parseAgeRecipient,
} from './age-keys.ts'
export { openAgeObject } from './age-object.ts'
export { ArchiveError, type ArchiveErrorCode } from './archive-error.ts'
export { comparePaths, isAtOrBelow } from './compare-paths.ts'
export { createFrameProbe, type FrameDamage, type FrameProbe, findDamage } from './find-damage.ts'
export { entriesBelow } from './find-entries.ts'
export type { Compression } from './frame-compressor.ts'
export type {
  IndexEntry,
  IndexFooter,
  IndexFrame,
  IndexWarning,
  PartSummary,
} from './index-format.ts'
export { type ArchiveIndex, type IndexObject, openIndex } from './open-index.ts'
export {
  type ArchivePart,
  type ArchiveSummary,
  type PackedArchive,
  type PackOptions,
  packArchive,
} from './pack-archive.ts'
export { type ArchiveObject, type ReadEntriesOptions, readEntries } from './read-entries.ts'
export { readTar, type TarEntry } from './read-tar.ts'
export { type RebuildIndexOptions, rebuildIndex } from './rebuild-index.ts'
export { readSeekTable } from './seek-table.ts'
export type * from './segment.ts'
export * from './tar.ts'
export type { TarEntryType, TarHeader } from './tar-header.ts'
export { type UnpackOptions, unpackFrames } from './unpack-frames.ts'
