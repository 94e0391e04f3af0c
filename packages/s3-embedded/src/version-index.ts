import type { ObjectVersion } from './object-version.ts'
import { SortedKeys } from './sorted-keys.ts'

/** All versions of a bucket in memory: by key, and the keys in listing order. */
export class VersionIndex {
  readonly keys: SortedKeys
  /** Newest first. */
  readonly #byKey: Map<string, ObjectVersion[]>

  constructor(versions: Iterable<ObjectVersion> = []) {
    this.#byKey = Map.groupBy(versions, (version) => version.key)
    for (const list of this.#byKey.values()) list.sort((a, b) => b.sequence - a.sequence)
    this.keys = new SortedKeys(this.#byKey.keys())
  }

  of(key: string): readonly ObjectVersion[] {
    return this.#byKey.get(key) ?? []
  }

  newest(key: string): ObjectVersion | undefined {
    return this.#byKey.get(key)?.[0]
  }

  /** The newest version, unless it is a delete marker. */
  current(key: string): ObjectVersion | undefined {
    const newest = this.newest(key)
    return newest?.isDeleteMarker ? undefined : newest
  }

  find(key: string, versionId: string): ObjectVersion | undefined {
    return this.of(key).find((version) => version.versionId === versionId)
  }

  add(version: ObjectVersion): void {
    const list = this.#byKey.get(version.key)
    if (list) {
      list.push(version)
      list.sort((a, b) => b.sequence - a.sequence)
    } else {
      this.#byKey.set(version.key, [version])
      this.keys.add(version.key)
    }
  }

  remove(version: ObjectVersion): void {
    const left = this.of(version.key).filter((other) => other.id !== version.id)
    if (left.length > 0) {
      this.#byKey.set(version.key, left)
    } else {
      this.#byKey.delete(version.key)
      this.keys.delete(version.key)
    }
  }

  *all(): Generator<ObjectVersion> {
    for (const list of this.#byKey.values()) yield* list
  }
}
