import { readFile } from 'node:fs/promises'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { getCACertificates } from 'node:tls'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { StorageError } from '@backstream/storage'
import { type PayloadHashes, usePayloadHashes } from './payload-hash.ts'
import type { S3StorageOptions } from './s3-options.ts'
import { type SentBodies, watchSentBodies } from './sent-bodies.ts'

export interface S3Clients extends Disposable {
  /** For requests that are sent and answered whole. A connection that stands still is cut. */
  readonly requests: S3Client
  /** For bodies that are read as a stream: its reader watches over them, as it knows when it waits. */
  readonly bodies: S3Client
  /** For bodies that `requests` sends. */
  readonly payloadHashes: PayloadHashes
  /** Of those that `requests` has sent. */
  readonly sentBodies: SentBodies
}

export const defaultIdleTimeoutMs: number = 5 * 60_000
const connectTimeoutMs = 10_000
const socketsPerHost = 64

/**
 * Retries are ours (`retryRequest`): the SDK's end within a second or two, and repeat a conditional
 * put into a false "already exists". So each client sends every request once.
 */
export async function openClients(options: S3StorageOptions): Promise<S3Clients> {
  const { idleTimeoutMs = defaultIdleTimeoutMs } = options
  const ca = options.caFile ? await readAuthorities(options.caFile) : undefined
  const agents = {
    httpAgent: new HttpAgent({ keepAlive: true, maxSockets: socketsPerHost }),
    httpsAgent: new HttpsAgent({
      keepAlive: true,
      maxSockets: socketsPerHost,
      ...(ca ? { ca } : {}),
    }),
  }
  const timeouts = { connectionTimeout: connectTimeoutMs, socketAcquisitionWarningTimeout: 600_000 }
  const requests = new S3Client({
    ...clientConfig(options),
    requestHandler: { ...agents, ...timeouts, socketTimeout: idleTimeoutMs },
  })
  const bodies = new S3Client({
    ...clientConfig(options),
    credentials: requests.config.credentials,
    requestHandler: { ...agents, ...timeouts, socketTimeout: 0 },
  })
  return {
    requests,
    bodies,
    payloadHashes: usePayloadHashes(requests),
    sentBodies: watchSentBodies(requests),
    [Symbol.dispose]() {
      requests.destroy()
      bodies.destroy()
      agents.httpAgent.destroy()
      agents.httpsAgent.destroy()
    },
  }
}

function clientConfig(options: S3StorageOptions): S3ClientConfig {
  // On AWS without a region the SDK looks for one where it looks for credentials.
  const region = options.region ?? (options.endpoint ? 'us-east-1' : undefined)
  return {
    maxAttempts: 1,
    forcePathStyle: options.pathStyle ?? false,
    // Checksums that a store understands are sent by us, from the pass that made them. What the SDK
    // adds by itself (CRC32 headers, aws-chunked trailers) is refused by many stores.
    // With agents of our own the SDK sends the header but does not wait for the answer.
    expectContinueHeader: false,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(options.endpoint ? { endpoint: options.endpoint } : {}),
    ...(region ? { region } : {}),
    ...(options.credentials ? { credentials: withoutUndefined(options.credentials) } : {}),
  }
}

function withoutUndefined(credentials: NonNullable<S3StorageOptions['credentials']>) {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
}

async function readAuthorities(file: string): Promise<string[]> {
  try {
    return [...getCACertificates('default'), await readFile(file, 'utf8')]
  } catch (error) {
    throw new StorageError('invalid-request', `caFile ${file} cannot be read`, {
      cause: error,
      remedy: 'Name a readable file with certificates in PEM.',
    })
  }
}
