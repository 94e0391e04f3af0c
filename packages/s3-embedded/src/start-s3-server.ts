import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, isIPv6 } from 'node:net'
import { type Clock, systemClock } from '@backstream/kernel'
import type { KeyPair } from './credentials.ts'
import { beginExchange } from './exchange.ts'
import { FaultBook, type FaultScript } from './faults.ts'
import { handleRequest, type Service } from './handle-request.ts'
import { ObjectStore } from './object-store.ts'
import { checkBucketName } from './operations/buckets.ts'
import { type RequestLog, RequestRecorder } from './request-log.ts'
import type { Limits } from './s3-request.ts'
import { ServerError } from './server-error.ts'

export interface S3ServerOptions {
  /** Where everything is kept; made when absent. One server at a time. */
  readonly dir: string
  /** Default: a free one. */
  readonly port?: number | undefined
  /** Default 127.0.0.1. Only addresses of this machine itself are accepted. */
  readonly host?: string | undefined
  readonly accessKeyId?: string | undefined
  readonly secretAccessKey?: string | undefined
  /** Default us-east-1. */
  readonly region?: string | undefined
  readonly clock?: Clock | undefined
  /** Made at the start where they do not exist. */
  readonly buckets?: readonly string[] | undefined
  /** Further key pairs, with what they may not do: `s3:DeleteObject`, `s3:Delete*`. */
  readonly extraKeys?: readonly KeyPair[] | undefined
  /** Smaller ones than S3's make tests of large uploads short. */
  readonly limits?: Partial<Limits> | undefined
  /** Default: a process warning. */
  readonly onInternalError?: ((error: unknown) => void) | undefined
}

export interface S3Server extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly faults: FaultScript
  readonly requests: RequestLog
  /** Breaks open connections, waits until every request has come to its end. Idempotent. */
  close(): Promise<void>
}

const mebibyte = 1024 * 1024

/** Rejects with `ServerError` for an address that is not of this machine alone. */
export async function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  const host = options.host ?? '127.0.0.1'
  requireLoopback(host)
  const clock = options.clock ?? systemClock
  const region = options.region ?? 'us-east-1'
  const main = {
    accessKeyId: options.accessKeyId ?? 'embedded-access-key',
    secretAccessKey: options.secretAccessKey ?? 'embedded-secret-key',
    deny: [],
  }
  const store = await ObjectStore.open(options.dir)
  await createMissing(store, options.buckets ?? [], clock.now())
  const faults = new FaultBook()
  const recorder = new RequestRecorder()
  const service: Service = {
    store,
    clock,
    region,
    limits: {
      minPartBytes: 5 * mebibyte,
      maxParts: 10_000,
      maxPutBytes: 5 * 1024 * mebibyte,
      ...options.limits,
    },
    authority: { keys: keysById([main, ...(options.extraKeys ?? [])]), region, clock },
    faults,
    recorder,
    onInternalError: options.onInternalError ?? warn,
  }
  const { server, settle } = createHttpServer(service)
  await listen(server, options.port ?? 0, host)
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    await stop(server)
    await settle()
  }
  return {
    endpoint: `http://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    region,
    accessKeyId: main.accessKeyId,
    secretAccessKey: main.secretAccessKey,
    faults,
    requests: recorder,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function createHttpServer(service: Service): { server: Server; settle: () => Promise<void> } {
  const running = new Set<Promise<void>>()
  // Long uploads are no attack here: no limit on the time a request takes.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 75_000 })
  const serve =
    (expectsContinue: boolean): RequestListener =>
    (request, response) => {
      const task = handleRequest(beginExchange(request, response, expectsContinue), service)
      running.add(task)
      void task.finally(() => running.delete(task))
    }
  server.on('request', serve(false))
  server.on('checkContinue', serve(true))
  const settle = async (): Promise<void> => {
    await Promise.all(running)
  }
  return { server, settle }
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

async function createMissing(
  store: ObjectStore,
  names: readonly string[],
  createdAtMs: number,
): Promise<void> {
  for (const name of names) {
    checkBucketName(name)
    if (!store.has(name)) await store.create(name, { createdAtMs, objectLock: false })
  }
}

function keysById(pairs: readonly KeyPair[]): ReadonlyMap<string, KeyPair> {
  return new Map(pairs.map((pair) => [pair.accessKeyId, pair]))
}

function requireLoopback(host: string): void {
  if (host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)) return
  throw new ServerError('bad-option', `The embedded S3 server does not listen on ${host}`, {
    remedy: 'Use 127.0.0.1: it is for development and tests on one machine.',
  })
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error))
}
