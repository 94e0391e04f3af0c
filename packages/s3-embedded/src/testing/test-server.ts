import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { type S3Server, type S3ServerOptions, startS3Server } from '../start-s3-server.ts'

export interface TestServer extends AsyncDisposable {
  readonly server: S3Server
  readonly s3: S3Client
  readonly dir: string
  /** A client with these keys, or other options. */
  client(config?: S3ClientConfig): S3Client
}

/** A server with the bucket `box` in a directory of its own, and a client with the SDK's defaults. */
export async function startTestServer(options: Partial<S3ServerOptions> = {}): Promise<TestServer> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 's3-embedded-test-')))
  const failures: unknown[] = []
  const server = await startS3Server({
    buckets: ['box'],
    onInternalError: (error) => failures.push(error),
    ...options,
    dir,
  })
  const clients: S3Client[] = []
  const client = (config: S3ClientConfig = {}): S3Client => {
    const { accessKeyId, secretAccessKey, endpoint, region } = server
    const made = new S3Client({
      endpoint,
      region,
      forcePathStyle: true,
      maxAttempts: 1,
      credentials: { accessKeyId, secretAccessKey },
      ...config,
    })
    clients.push(made)
    return made
  }
  const s3 = client()
  return {
    server,
    s3,
    dir,
    client,
    [Symbol.asyncDispose]: async () => {
      for (const open of clients) open.destroy()
      await server.close()
      if (options.dir === undefined) await rm(dir, { recursive: true, force: true })
      if (failures.length > 0) throw new AggregateError(failures, 'The server failed inside')
    },
  }
}

/** The error a call ends with; throws when it succeeds. */
export async function errorOf(call: Promise<unknown>): Promise<{ name: string; status: number }> {
  try {
    await call
  } catch (error) {
    const { name, $metadata } = error as {
      name: string
      $metadata?: { httpStatusCode?: number }
    }
    return { name, status: $metadata?.httpStatusCode ?? 0 }
  }
  throw new Error('The call succeeded')
}
