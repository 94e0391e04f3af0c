import { mkdir, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DataFiles } from './data-files.ts'
import { readJson, writeJson } from './json-file.ts'
import { KeyedLock } from './keyed-lock.ts'
import type { ObjectVersion, RetentionMode } from './object-version.ts'
import { randomId } from './random-id.ts'
import { readAll } from './read-all.ts'
import { makeShard } from './shard.ts'
import { Uploads } from './uploads.ts'
import { VersionIndex } from './version-index.ts'

export interface BucketSettings {
  readonly createdAtMs: number
  readonly versioning?: 'Enabled' | 'Suspended'
  readonly objectLock: boolean
  readonly defaultRetention?: DefaultRetention | undefined
}

export interface DefaultRetention {
  readonly mode: RetentionMode
  readonly unit: 'Days' | 'Years'
  readonly count: number
}

/** Sees the current version, undefined when there is none, and throws to refuse. */
export type Precondition = (current: ObjectVersion | undefined) => void

export type NewVersion = Omit<ObjectVersion, 'sequence' | 'id' | 'versionId'>

/**
 * One bucket: `bucket.json`, `objects/<2 digits>/<id>.json` for each version, its uploads and its
 * data files. A version exists once its sidecar was renamed into place; data without a sidecar is
 * removed at the next start.
 */
export class Bucket {
  readonly name: string
  readonly files: DataFiles
  readonly uploads: Uploads
  readonly index: VersionIndex
  readonly #dir: string
  readonly #lock = new KeyedLock()
  #settings: BucketSettings
  #sequence: number

  private constructor(input: {
    name: string
    dir: string
    settings: BucketSettings
    files: DataFiles
    uploads: Uploads
    versions: readonly ObjectVersion[]
  }) {
    this.name = input.name
    this.#dir = input.dir
    this.#settings = input.settings
    this.files = input.files
    this.uploads = input.uploads
    this.index = new VersionIndex(input.versions)
    this.#sequence = input.versions.reduce((most, { sequence }) => Math.max(most, sequence), 0)
  }

  static async create(dir: string, name: string, settings: BucketSettings): Promise<void> {
    await mkdir(join(dir, 'tmp'), { recursive: true })
    await writeJson(
      { path: join(dir, 'bucket.json'), tmpDir: join(dir, 'tmp') },
      { name, ...settings },
    )
  }

  static async open(dir: string): Promise<Bucket> {
    const { name, ...settings } = await readJson<BucketSettings & { name: string }>(
      join(dir, 'bucket.json'),
    )
    const files = await DataFiles.open(dir)
    await mkdir(join(dir, 'objects'), { recursive: true })
    const versions = await loadVersions(dir)
    const completed = new Set(versions.map((version) => version.uploadId))
    const uploads = await Uploads.open({ dir: join(dir, 'uploads'), files, completed })
    const known = [...versions.flatMap((version) => version.pieces), ...uploads.pieces()]
    await files.removeUnknown(new Set(known.map((piece) => piece.id)))
    return new Bucket({ name, dir, settings, files, uploads, versions })
  }

  get settings(): BucketSettings {
    return this.#settings
  }

  async changeSettings(change: (old: BucketSettings) => BucketSettings): Promise<void> {
    await this.#lock.run('', async () => {
      const settings = change(this.#settings)
      await writeJson(
        { path: join(this.#dir, 'bucket.json'), tmpDir: this.files.tmpDir },
        { name: this.name, ...settings },
      )
      this.#settings = settings
    })
  }

  /** Adds a version, atomically with the precondition; replaces the `null` version where S3 does. */
  async add(fresh: NewVersion, precondition: Precondition): Promise<ObjectVersion> {
    return this.#lock.run(fresh.key, async () => {
      precondition(this.index.current(fresh.key))
      const versionId = this.#settings.versioning === 'Enabled' ? randomId() : 'null'
      const version = { ...fresh, versionId, id: randomId(), sequence: ++this.#sequence }
      const replaced = versionId === 'null' ? this.index.find(fresh.key, 'null') : undefined
      await this.#writeSidecar(version)
      if (replaced) this.index.remove(replaced)
      this.index.add(version)
      // The new version is in place: what cannot be removed now goes at the next start.
      if (replaced) await this.#dispose(replaced).catch(() => {})
      return version
    })
  }

  /** Changes tags, retention or legal hold of a version that `pick` finds or throws for. */
  async update(
    key: string,
    pick: () => ObjectVersion,
    change: (old: ObjectVersion) => ObjectVersion,
  ): Promise<ObjectVersion> {
    return this.#lock.run(key, async () => {
      const old = pick()
      const version = change(old)
      await this.#writeSidecar(version)
      this.index.remove(old)
      this.index.add(version)
      return version
    })
  }

  /** Removes one version for good. `allow` may throw; an absent one is undefined. */
  async removeVersion(
    key: string,
    pick: () => ObjectVersion | undefined,
    allow: (version: ObjectVersion) => void,
  ): Promise<ObjectVersion | undefined> {
    return this.#lock.run(key, async () => {
      const version = pick()
      if (!version) return undefined
      allow(version)
      await rm(this.#sidecar(version), { force: true })
      this.index.remove(version)
      await this.files.remove(version.pieces)
      return version
    })
  }

  get isEmpty(): boolean {
    return this.index.keys.size === 0
  }

  async #writeSidecar(version: ObjectVersion): Promise<void> {
    const path = this.#sidecar(version)
    await makeShard(dirname(path))
    await writeJson({ path, tmpDir: this.files.tmpDir }, version)
  }

  async #dispose(version: ObjectVersion): Promise<void> {
    await rm(this.#sidecar(version), { force: true })
    await this.files.remove(version.pieces)
  }

  #sidecar({ id }: ObjectVersion): string {
    return join(this.#dir, 'objects', id.slice(0, 2), `${id}.json`)
  }
}

/** A crash while a version was replaced leaves both: the newer one counts. */
async function loadVersions(dir: string): Promise<ObjectVersion[]> {
  const objects = join(dir, 'objects')
  const names = await readdir(objects, { recursive: true })
  const paths = names.filter((name) => name.endsWith('.json')).map((name) => join(objects, name))
  const versions = await readAll<ObjectVersion>(paths)
  const kept = new Map<string, { version: ObjectVersion; path: string }>()
  for (const [at, version] of versions.entries()) {
    const identity = JSON.stringify([version.key, version.versionId])
    const path = paths[at] ?? ''
    const other = kept.get(identity)
    const wins = !other || other.version.sequence < version.sequence
    if (other) await rm(wins ? other.path : path, { force: true })
    if (wins) kept.set(identity, { version, path })
  }
  return [...kept.values()].map(({ version }) => version)
}
