import type { ReadOptions } from './storage.ts'

/** Until when a store keeps an object, whatever anybody asks of it. */
export interface ObjectLock {
  /** `governance`: some may still remove it. `compliance`: nobody may. */
  readonly mode: 'governance' | 'compliance'
  readonly untilMs: number
}

/**
 * What some stores can beside the contract: keep objects for a time. Both reject with `unsupported`, or
 * as the store answers, where the bucket has no object lock.
 */
export interface ObjectLocker {
  /** Null: nothing keeps it. Rejects with `not-found`. */
  lockOf(key: string, options?: ReadOptions): Promise<ObjectLock | null>
  /** Keeps one version of an object at least until then, the newest one if none is said. */
  lock(key: string, lock: ObjectLock, options?: ReadOptions): Promise<void>
}
