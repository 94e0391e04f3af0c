import {
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3'
import type { TestS3 } from '@backstream/testkit'

/** What the auditor may ask of a store: nothing of it is the product's code. */
export interface AuditStore extends Disposable {
  /** Keys without the prefix. */
  keys(): Promise<string[]>
  /** Keys of uploads in progress, without the prefix. */
  uploads(): Promise<string[]>
  /** Undefined when there is no such object. */
  read(key: string): Promise<Uint8Array | undefined>
}

export function openAuditStore(s3: TestS3): AuditStore {
  const client = new S3Client({
    endpoint: s3.endpoint,
    region: s3.region,
    forcePathStyle: true,
    credentials: { accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey },
  })
  const where = { Bucket: s3.bucket, Prefix: `${s3.prefix}/` }
  const relative = (key: string | undefined) => (key ?? '').slice(where.Prefix.length)
  return {
    async keys() {
      const keys: string[] = []
      let ContinuationToken: string | undefined
      do {
        const page = await client.send(new ListObjectsV2Command({ ...where, ContinuationToken }))
        keys.push(...(page.Contents ?? []).map(({ Key }) => relative(Key)))
        ContinuationToken = page.NextContinuationToken
      } while (ContinuationToken)
      return keys
    },
    async uploads() {
      const keys: string[] = []
      let marker: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}
      for (;;) {
        const page = await client.send(new ListMultipartUploadsCommand({ ...where, ...marker }))
        keys.push(...(page.Uploads ?? []).map(({ Key }) => relative(Key)))
        if (!page.IsTruncated) return keys
        marker = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
      }
    },
    async read(key) {
      try {
        const Key = `${where.Prefix}${key}`
        const object = await client.send(new GetObjectCommand({ Bucket: s3.bucket, Key }))
        return await object.Body?.transformToByteArray()
      } catch (error) {
        if ((error as Error).name === 'NoSuchKey') return undefined
        throw error
      }
    },
    [Symbol.dispose]: () => client.destroy(),
  }
}
