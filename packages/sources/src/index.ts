export { createDirectorySource, type DirectorySourceOptions } from './directory-source.ts'
export { type OpenSourceDeps, openSource } from './open-source.ts'
export type * from './source.ts'
export { SourceError, type SourceErrorCode } from './source-error.ts'
