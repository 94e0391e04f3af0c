export { asOf } from './as-of.ts'
export { createPace, type PaceOptions } from './create-pace.ts'
export { type Fault, type FaultyMethod, type FaultyOptions, faulty } from './decorators/faulty.ts'
export { type LoggingOptions, logging } from './decorators/logging.ts'
export { type Pace, pacing } from './decorators/pacing.ts'
export { type RetryingOptions, retrying } from './decorators/retrying.ts'
export * from './errors.ts'
export { type GuardOptions, guardBody } from './guard-body.ts'
export { type MeasureOptions, measureBody } from './measure-body.ts'
export { createMemoryStorage, type MemoryStorageOptions } from './memory-storage.ts'
export {
  createObjectHasher,
  type ObjectDigest,
  type ObjectHasher,
  type ObjectHasherOptions,
  type PartDigest,
} from './object-digest.ts'
export { assertListPrefix, assertObjectKey, compareKeys } from './object-key.ts'
export type { ObjectLock, ObjectLocker } from './object-locker.ts'
export {
  isTransient,
  isTransientOrUnknown,
  type Retry,
  type RetryOptions,
  type RetryPolicy,
  retryRequest,
} from './retry-request.ts'
export type * from './storage.ts'
