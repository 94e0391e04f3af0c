import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Bucket, type BucketSettings } from './bucket.ts'
import { KeyedLock } from './keyed-lock.ts'
import { randomId } from './random-id.ts'
import { S3Error } from './s3-error.ts'

/** All buckets of one data directory: `buckets/<name>`, and `tmp` for what comes and goes. */
export class ObjectStore {
  readonly #dir: string
  readonly #buckets: Map<string, Bucket>
  readonly #lock = new KeyedLock()

  private constructor(dir: string, buckets: readonly Bucket[]) {
    this.#dir = dir
    this.#buckets = new Map(buckets.map((bucket) => [bucket.name, bucket]))
  }

  static async open(dir: string): Promise<ObjectStore> {
    await rm(join(dir, 'tmp'), { recursive: true, force: true })
    await mkdir(join(dir, 'tmp'), { recursive: true })
    await mkdir(join(dir, 'buckets'), { recursive: true })
    const names = await readdir(join(dir, 'buckets'))
    const buckets: Bucket[] = []
    for (const name of names) buckets.push(await Bucket.open(join(dir, 'buckets', name)))
    return new ObjectStore(dir, buckets)
  }

  /** By name. */
  list(): Bucket[] {
    return [...this.#buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Throws `NoSuchBucket`. */
  bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name)
    if (!bucket) throw new S3Error('NoSuchBucket', { details: { BucketName: name } })
    return bucket
  }

  has(name: string): boolean {
    return this.#buckets.has(name)
  }

  /** The name must have been checked: it becomes a directory. */
  async create(name: string, settings: BucketSettings): Promise<void> {
    await this.#lock.run(name, async () => {
      if (this.has(name)) {
        throw new S3Error('BucketAlreadyOwnedByYou', { details: { BucketName: name } })
      }
      const making = join(this.#dir, 'tmp', randomId())
      await Bucket.create(making, name, settings)
      await rename(making, join(this.#dir, 'buckets', name))
      this.#buckets.set(name, await Bucket.open(join(this.#dir, 'buckets', name)))
    })
  }

  /** Uploads in progress go with the bucket; objects, versions and delete markers forbid it. */
  async delete(name: string): Promise<void> {
    await this.#lock.run(name, async () => {
      if (!this.bucket(name).isEmpty) {
        throw new S3Error('BucketNotEmpty', { details: { BucketName: name } })
      }
      this.#buckets.delete(name)
      const trash = join(this.#dir, 'tmp', randomId())
      await rename(join(this.#dir, 'buckets', name), trash)
      await rm(trash, { recursive: true, force: true })
    })
  }
}
