import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import type { TestS3 } from '@backstream/testkit'

/** What anybody with the SDK finds below the storage's prefix. Keys are relative to it. */
export interface BucketView extends AsyncDisposable {
  keys(): Promise<string[]>
  /** Keys of multipart uploads in progress. */
  uploads(): Promise<string[]>
  bytes(key: string): Promise<Buffer>
  /** Puts something in the place of an object, as whoever may write into the bucket could. */
  put(key: string, bytes: Uint8Array): Promise<void>
  remove(key: string): Promise<void>
  // biome-ignore lint/suspicious/noExplicitAny: a document as a script would read it
  json(key: string): Promise<any>
  /** The committed manifests of the plan, oldest first. */
  // biome-ignore lint/suspicious/noExplicitAny: a document as a script would read it
  manifests(plan: string): Promise<any[]>
  /** Of what moment each source of the plan's first backup is, as its manifest says. */
  consistency(plan: string): Promise<string[]>
  /** What lies below a plan and belongs to no manifest; voids are allowed for. */
  leftovers(plan: string): Promise<string[]>
}

export function viewBucket(s3: TestS3): BucketView {
  const { accessKeyId, secretAccessKey, endpoint, region, bucket: Bucket } = s3
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  })
  const Prefix = `${s3.prefix}/`
  const relative = (key = '') => key.slice(Prefix.length)

  async function keys(): Promise<string[]> {
    const found: string[] = []
    let ContinuationToken: string | undefined
    do {
      const page = await client.send(
        new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken }),
      )
      found.push(...(page.Contents ?? []).map(({ Key }) => relative(Key)))
      ContinuationToken = page.NextContinuationToken
    } while (ContinuationToken)
    return found
  }

  async function uploads(): Promise<string[]> {
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix }))
    return Uploads.map(({ Key }) => relative(Key))
  }

  async function bytes(key: string): Promise<Buffer> {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: `${Prefix}${key}` }))
    return Buffer.from(await Body!.transformToByteArray())
  }

  async function put(key: string, Body: Uint8Array): Promise<void> {
    await client.send(new PutObjectCommand({ Bucket, Key: `${Prefix}${key}`, Body }))
  }

  async function remove(key: string): Promise<void> {
    await client.send(new DeleteObjectCommand({ Bucket, Key: `${Prefix}${key}` }))
  }

  const json = async (key: string) => JSON.parse((await bytes(key)).toString())

  async function slots(plan: string) {
    const slotKeys = (await keys()).filter((key) => new RegExp(`^${plan}/[^/]+\\.json$`).test(key))
    return await Promise.all(slotKeys.map(async (key) => ({ key, content: await json(key) })))
  }

  async function manifests(plan: string) {
    return (await slots(plan)).map(({ content }) => content).filter((content) => !content.void)
  }

  async function consistency(plan: string): Promise<string[]> {
    const [first] = await manifests(plan)
    return first.sources.map((source: { consistency: string }) => source.consistency)
  }

  return {
    ...{ keys, uploads, bytes, put, remove, json, manifests, consistency },
    async leftovers(plan) {
      const all = await slots(plan)
      const committed = all.filter(({ content }) => !content.void)
      const owned = committed.map(({ key }) => key.replace(/\.json$/, '/'))
      const objects = (await keys()).filter((key) => key.startsWith(`${plan}/`))
      const strays = objects.filter(
        (key) => !all.some((slot) => slot.key === key) && !owned.some((at) => key.startsWith(at)),
      )
      const pending = (await uploads()).filter((key) => key.startsWith(`${plan}/`))
      return [...strays, ...pending.map((key) => `upload ${key}`)]
    },
    async [Symbol.asyncDispose]() {
      client.destroy()
    },
  }
}
