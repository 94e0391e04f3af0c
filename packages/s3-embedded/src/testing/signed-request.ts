import { createHash } from 'node:crypto'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { parseTarget } from '../request-target.ts'
import { computeSignature, type SigningScope } from '../sigv4.ts'
import type { S3Server } from '../start-s3-server.ts'

export interface RawRequest {
  readonly method?: string
  /** Path and query as they go on the wire. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Default: the hash of the body. */
  readonly payloadHash?: string
  readonly atMs?: number
  readonly secretAccessKey?: string
  /** Changes the headers after they were signed. */
  readonly tamper?: (headers: Record<string, string>) => void
}

export interface RawAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  /** Code of the error document. */
  readonly code: string | undefined
}

export interface SignedHead {
  readonly headers: Record<string, string>
  readonly scope: SigningScope
  readonly signature: string
}

/** Headers of a signed request, for what the SDK would never send. */
export async function signHead(server: S3Server, raw: RawRequest): Promise<SignedHead> {
  // biome-ignore lint/plugin: the server under test runs on the system's clock
  const now = new Date(raw.atMs ?? Date.now())
  const longDate = `${now.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
  const payloadHash = raw.payloadHash ?? sha256Hex(raw.body ?? '')
  const headers: Record<string, string> = {
    host: new URL(server.endpoint).host,
    'x-amz-date': longDate,
    'x-amz-content-sha256': payloadHash,
    ...raw.headers,
  }
  const { accessKeyId, region } = server
  const secretAccessKey = raw.secretAccessKey ?? server.secretAccessKey
  const scope = { accessKeyId, secretAccessKey, region, longDate }
  const { rawPath, query } = parseTarget(raw.path)
  const signature = await computeSignature(scope, {
    method: raw.method ?? 'GET',
    canonicalPath: rawPath,
    query,
    headers,
    payloadHash,
  })
  const credential = `${accessKeyId}/${longDate.slice(0, 8)}/${region}/s3/aws4_request`
  headers['authorization'] =
    `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${Object.keys(headers).sort().join(';')}, Signature=${signature}`
  raw.tamper?.(headers)
  return { headers, scope, signature }
}

export async function sendSigned(server: S3Server, raw: RawRequest): Promise<RawAnswer> {
  const { headers } = await signHead(server, raw)
  return sendRaw(server, { ...raw, headers })
}

/** Sends exactly these headers. */
export async function sendRaw(server: S3Server, raw: RawRequest): Promise<RawAnswer> {
  const request = openRaw(server, raw)
  request.end(raw.body)
  return answerOf(request)
}

/** The body is the caller's to write. */
export function openRaw(server: S3Server, raw: RawRequest): ClientRequest {
  const { hostname, port } = new URL(server.endpoint)
  const bytes = raw.body === undefined ? undefined : Buffer.byteLength(raw.body)
  return httpRequest({
    host: hostname,
    port,
    agent: false,
    method: raw.method ?? 'GET',
    path: raw.path,
    headers: {
      ...(bytes === undefined || raw.headers?.['transfer-encoding']
        ? {}
        : { 'content-length': bytes }),
      ...raw.headers,
    },
  })
}

export async function answerOf(request: ClientRequest): Promise<RawAnswer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve)
    request.once('error', reject)
  })
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks)
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body,
    code: /<Code>(\w+)<\/Code>/.exec(body.toString('utf8'))?.[1],
  }
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}
