import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { ArchiveTap } from './archive-tap.ts'
import { etagOf, keptBytes, type SinkObject, SinkStore } from './sink-store.ts'
import { completedXml, createdXml, errorXml, listXml, uploadsXml } from './sink-xml.ts'

export interface SinkOptions {
  /** A line for `sh -c` that is given the volumes of the archive: see `ArchiveTap`. */
  readonly tap?: string | undefined
  /** PEM: answers over TLS, too. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined
}

export interface Sink extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string
  /** `https://localhost:PORT`, the same objects; null without `tls`. */
  readonly tlsEndpoint: string | null
}

/**
 * An S3 server that swallows what it is sent: as little work as a server can do, so that it does not
 * take the cores from what is measured. One bucket of any name; signatures are not checked, bodies
 * are not hashed; every answer is right for a client that does as it should.
 */
export async function startSink(options: SinkOptions = {}): Promise<Sink> {
  const store = new SinkStore()
  const tap = options.tap === undefined ? null : new ArchiveTap(options.tap)
  const onRequest: RequestListener = (request, response) => {
    serve({ store, tap }, request, response).catch(() => request.socket.destroy())
  }
  const settings = { requestTimeout: 0, highWaterMark: 1 << 20 }
  await using servers = new AsyncDisposableStack()
  const plain = servers.use(createServer(settings, onRequest))
  const port = await listen(plain)
  const tlsServer = options.tls && createTlsServer({ ...settings, ...options.tls }, onRequest)
  const tlsPort = tlsServer && (await listen(servers.use(tlsServer)))
  const kept = servers.move()
  return {
    endpoint: `http://127.0.0.1:${port}`,
    tlsEndpoint: tlsPort === undefined ? null : `https://localhost:${tlsPort}`,
    async [Symbol.asyncDispose]() {
      plain.closeAllConnections()
      tlsServer?.closeAllConnections()
      await kept.disposeAsync()
    },
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}

interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

interface Call {
  readonly store: SinkStore
  readonly tap: ArchiveTap | null
  readonly request: IncomingMessage
  /** Empty for the bucket itself. */
  readonly key: string
  readonly query: URLSearchParams
}

async function serve(
  state: Pick<Call, 'store' | 'tap'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://sink')
  const key = decodeURIComponent(url.pathname.split('/').slice(2).join('/'))
  const {
    status,
    headers = {},
    body = '',
  } = await answer({
    ...{ ...state, request, key },
    query: url.searchParams,
  })
  const isHead = request.method === 'HEAD'
  const length = isHead ? {} : { 'content-length': Buffer.byteLength(body) }
  response.writeHead(status, { ...length, ...headers })
  response.end(isHead ? undefined : body)
}

async function answer(call: Call): Promise<Reply> {
  const { request, key, query } = call
  const isTapped = call.tap !== null && tapped.test(key)
  const content = await drain(request, isTapped ? Number.POSITIVE_INFINITY : keptBytes)
  if (query.has('requests')) return { status: 200, body: String(call.store.requests) }
  if (query.has('tap')) return { status: 200, body: await (call.tap?.end() ?? '') }
  call.store.requests++
  if (isTapped) await passOn(call, content)
  switch (request.method) {
    case 'PUT':
      if (key === '') return { status: 200 }
      return query.has('partNumber') ? putPart(call, content) : putObject(call, content)
    case 'POST':
      return post(call)
    case 'GET':
      return key === '' ? list(call) : get(call)
    case 'HEAD':
      return key === '' ? { status: 200 } : head(call)
    case 'DELETE':
      return remove(call)
    default:
      return refusal(501, 'NotImplemented')
  }
}

async function passOn({ tap, request, key, query }: Call, { kept }: Content): Promise<void> {
  if (request.method !== 'PUT' || !kept) return
  await tap?.add(key, { number: Number(query.get('partNumber') ?? 1), bytes: kept })
}

const tapped = /\/archive\.tar[^/]*$/

interface Content {
  readonly bytes: number
  /** Null when there was more than is kept. */
  readonly kept: Buffer | null
}

function drain(request: IncomingMessage, limit: number): Promise<Content> {
  const chunks: Buffer[] = []
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= limit) chunks.push(chunk)
    else chunks.length = 0
  })
  return new Promise((resolve, reject) => {
    request.on('end', () => resolve({ bytes, kept: bytes > limit ? null : Buffer.concat(chunks) }))
    request.on('error', reject)
  })
}

function putPart({ store, request, query }: Call, { bytes }: Content): Reply {
  const etag = etagOf(header(request, 'content-md5'))
  const part = { number: Number(query.get('partNumber')), bytes, etag }
  if (!store.addPart(query.get('uploadId') ?? '', part)) return refusal(404, 'NoSuchUpload')
  return { status: 200, headers: { etag: `"${etag}"`, ...echoedChecksums(request) } }
}

function putObject({ store, request, key }: Call, { bytes, kept }: Content): Reply {
  if (header(request, 'if-none-match') === '*' && store.objects.has(key)) {
    return refusal(412, 'PreconditionFailed')
  }
  const etag = etagOf(header(request, 'content-md5'))
  const content = bytes > keptBytes ? null : kept
  const crc32 = header(request, 'x-amz-checksum-crc32')
  store.objects.set(key, { bytes, etag, crc32, content })
  return { status: 200, headers: { etag: `"${etag}"`, ...echoedChecksums(request) } }
}

function post({ store, request, key, query }: Call): Reply {
  if (query.has('uploads')) return xml(createdXml(key, store.beginUpload(key)))
  const crc32 = header(request, 'x-amz-checksum-crc32')
  const object = store.completeUpload(query.get('uploadId') ?? '', crc32)
  return object ? xml(completedXml(key, object.etag)) : refusal(404, 'NoSuchUpload')
}

function list({ store, query }: Call): Reply {
  const prefix = query.get('prefix') ?? ''
  if (query.has('uploads')) {
    const uploads = [...store.uploads].map(([id, { key }]) => ({ id, key }))
    return xml(uploadsXml(uploads.filter(({ key }) => key.startsWith(prefix))))
  }
  const { keys, folders } = store.list(prefix, query.get('delimiter') ?? '')
  const objects = keys.map((key) => ({ key, ...(store.objects.get(key) as SinkObject) }))
  return xml(listXml(objects, folders))
}

function head({ store, key }: Call): Reply {
  const object = store.objects.get(key)
  if (!object) return refusal(404, 'NoSuchKey')
  const headers = { etag: `"${object.etag}"`, 'content-length': String(object.bytes) }
  if (object.crc32 === undefined) return { status: 200, headers }
  const checksum = { 'x-amz-checksum-crc32': object.crc32, 'x-amz-checksum-type': 'FULL_OBJECT' }
  return { status: 200, headers: { ...headers, ...checksum } }
}

function get(call: Call): Reply {
  const content = call.store.objects.get(call.key)?.content
  // What was swallowed cannot be given back.
  if (content === null) return refusal(501, 'NotImplemented')
  return { ...head(call), ...(content ? { body: content } : {}) }
}

function remove({ store, key, query }: Call): Reply {
  const id = query.get('uploadId')
  if (id !== null) store.uploads.delete(id)
  else store.objects.delete(key)
  return { status: 204 }
}

function header({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}

function echoedChecksums({ headers }: IncomingMessage): Record<string, string> {
  const echoed = Object.entries(headers).filter(([name]) => name.startsWith('x-amz-checksum-'))
  return Object.fromEntries(echoed) as Record<string, string>
}

function xml(body: string): Reply {
  return { status: 200, headers: { 'content-type': 'application/xml' }, body }
}

function refusal(status: number, code: string): Reply {
  return { ...xml(errorXml(code)), status }
}
