import { temporaryDirectory } from './temporary-directory.ts'
import { uniqueName } from './unique-name.ts'

export interface TestS3 extends AsyncDisposable {
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** It exists; path-style. */
  readonly bucket: string
  /** For every key of one test file: nobody else uses it. */
  readonly prefix: string
}

/** The server of TEST_S3_*, or an embedded one in this process when TEST_S3_ENDPOINT is not set. */
export async function openTestS3(): Promise<TestS3> {
  const endpoint = process.env['TEST_S3_ENDPOINT']
  if (!endpoint) return await openEmbedded()
  return {
    endpoint,
    region: process.env['TEST_S3_REGION'] ?? 'us-east-1',
    accessKeyId: required('TEST_S3_ACCESS_KEY_ID'),
    secretAccessKey: required('TEST_S3_SECRET_ACCESS_KEY'),
    bucket: required('TEST_S3_BUCKET'),
    prefix: uniqueName('test'),
    [Symbol.asyncDispose]: async () => {},
  }
}

function required(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`TEST_S3_ENDPOINT is set, but ${name} is not`)
  return value
}

async function openEmbedded(): Promise<TestS3> {
  // Loaded on demand: tests that only need trees should not pay for an S3 server.
  const { startS3Server } = await import('@backstream/s3-embedded')
  const folder = await temporaryDirectory('s3')
  const server = await startS3Server({ dir: folder.path, buckets: ['test'] })
  return {
    endpoint: server.endpoint,
    region: server.region,
    accessKeyId: server.accessKeyId,
    secretAccessKey: server.secretAccessKey,
    bucket: 'test',
    prefix: uniqueName('test'),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}
