export {
  type ConfiguredStorageOptions,
  openConfiguredStorage,
} from './configured-storage.ts'
export {
  defaultPartBytes,
  type S3Credentials,
  type S3Profile,
  type S3StorageOptions,
} from './s3-options.ts'
export { openS3Storage, type S3Storage } from './s3-storage.ts'
