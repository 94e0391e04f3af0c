export { BackstreamError, type BackstreamErrorOptions, describeError } from './backstream-error.ts'
export { type BackupId, formatBackupId, parseBackupId } from './backup-id.ts'
export { type Clock, systemClock } from './clock.ts'
export { type LogFields, type Logger, silentLogger } from './logger.ts'
