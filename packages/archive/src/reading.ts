/** What reads tar entries and nothing else: a thread loads this instead of the whole package. */
export { ArchiveError, type ArchiveErrorCode } from './archive-error.ts'
export { ByteFeed } from './byte-feed.ts'
export type { TarHeader } from './tar-header.ts'
export { type TarStep, tarSteps } from './tar-steps.ts'
