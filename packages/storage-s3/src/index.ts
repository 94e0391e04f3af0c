export {
  type ConfiguredStorage,
  type ConfiguredStorageOptions,
  openConfiguredStorage,
  probeS3Storage,
} from './configured-storage.ts'
export type { ProbeCheck, ProbeFinding } from './probe/finding.ts'
export { probeStorage } from './probe/probe-storage.ts'
export {
  defaultPartBytes,
  resolveProfile,
  type S3Credentials,
  type S3Profile,
  type S3StorageOptions,
} from './s3-options.ts'
export { openS3Storage, type S3Storage } from './s3-storage.ts'
