/**
 * Stands between a program and any S3 server that is spoken to with http and path-style, and strikes
 * chosen requests. Requests go through as they came, so their signatures stay good.
 *
 * What it can do that a server's own faults cannot: hold a request for as long as the test likes,
 * before or after it was done, and let it arrive when its sender is long dead.
 */
import {
  Agent,
  createServer,
  type IncomingMessage,
  request as openRequest,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type S3Operation, type S3Target, s3TargetOf } from './s3-operation.ts'

export interface S3FaultProxy extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string
  /** Of several that fit a request, the first that was added strikes. */
  add(fault: ProxyFault): ProxyFaultHandle
  /** Removes all faults and releases what they hold. */
  clear(): void
  /** How many have come so far. */
  readonly requests: number
  /** How many of them have not been answered, and are still waited for. */
  readonly underWay: number
}

export interface ProxyFault {
  readonly operation?: S3Operation
  /** Of the key, or of a listing's prefix. */
  readonly key?: RegExp
  /** Passes so many that fit, and strikes the next. */
  readonly skip?: number
  /** How often it strikes; for ever when absent. */
  readonly times?: number
  readonly action: ProxyAction
}

export type ProxyAction =
  /** Stands still until it is released: before it is sent on, or done but not answered. */
  | { readonly hold: 'before' | 'after' }
  | { readonly delayMs: number }
  /** Answers with the error, without doing it or after doing it. */
  | { readonly status: number; readonly at: 'before' | 'after' }
  /** Breaks the connection: at once, half way through the body or the answer, or after doing it. */
  | { readonly cut: 'before' | 'mid-request' | 'mid-response' | 'after' }

export interface ProxyFaultHandle {
  readonly hits: number
  /** Resolves when the first request was struck: held, for one that is to be held. */
  readonly struck: Promise<void>
  /** Strikes no more, and what is held goes on, whether or not its sender is still there. */
  release(): void
  /** Strikes no more, and what is held is dropped as if it had never been sent. */
  drop(): void
}

interface Armed extends ProxyFaultHandle {
  readonly fault: ProxyFault
  readonly hold: Promise<'go' | 'drop'>
  strikes(target: S3Target): boolean
  noteStruck(): void
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly upstream: { readonly target: URL; readonly agent: Agent }
}

export async function startS3FaultProxy(targetEndpoint: string): Promise<S3FaultProxy> {
  const upstream = { target: new URL(targetEndpoint), agent: new Agent({ keepAlive: true }) }
  let faults: Armed[] = []
  let requests = 0
  let underWay = 0
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    requests += 1
    underWay += 1
    response.once('close', () => {
      underWay -= 1
    })
    const target = s3TargetOf(request)
    const struck = faults.find((armed) => armed.strikes(target))
    const exchange = { request, response, upstream }
    // A side that broke off: the other is told by the end of its connection, as without a proxy.
    ;(struck ? strike(exchange, struck) : passOn(exchange)).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests
    },
    get underWay() {
      return underWay
    },
    add(fault) {
      const armed = arm(fault)
      faults.push(armed)
      return armed
    },
    clear() {
      for (const armed of faults) armed.release()
      faults = []
    },
    async [Symbol.asyncDispose]() {
      for (const armed of faults) armed.drop()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      upstream.agent.destroy()
      await closed
    },
  }
}

function arm(fault: ProxyFault): Armed {
  const struck = Promise.withResolvers<void>()
  const held = Promise.withResolvers<'go' | 'drop'>()
  let seen = 0
  let hits = 0
  let isOver = false
  const end = (how: 'go' | 'drop') => {
    isOver = true
    held.resolve(how)
  }
  return {
    fault,
    get hits() {
      return hits
    },
    struck: struck.promise,
    hold: held.promise,
    release: () => end('go'),
    drop: () => end('drop'),
    noteStruck: () => struck.resolve(),
    strikes({ operation, key }) {
      if (isOver || hits >= (fault.times ?? Number.POSITIVE_INFINITY)) return false
      if (fault.operation !== undefined && fault.operation !== operation) return false
      if (fault.key !== undefined && key.search(fault.key) < 0) return false
      seen += 1
      if (seen <= (fault.skip ?? 0)) return false
      hits += 1
      return true
    },
  }
}

async function strike(exchange: Exchange, armed: Armed): Promise<void> {
  const { action } = armed.fault
  if ('delayMs' in action) {
    armed.noteStruck()
    await sleep(action.delayMs)
    await passOn(exchange)
  } else if ('cut' in action && action.cut === 'mid-response') {
    await answerHalf(exchange)
    armed.noteStruck()
  } else if ('cut' in action && action.cut !== 'after') {
    if (action.cut === 'mid-request') await sendHalf(exchange)
    exchange.request.socket.destroy()
    armed.noteStruck()
  } else if (('status' in action && action.at === 'after') || 'cut' in action) {
    await carryOut(exchange, await buffer(exchange.request))
    armed.noteStruck()
    if ('cut' in action) exchange.request.socket.destroy()
    else refuse(exchange.response, action.status)
  } else if ('status' in action) {
    await buffer(exchange.request)
    armed.noteStruck()
    refuse(exchange.response, action.status)
  } else await holdBack(exchange, armed, action.hold)
}

async function holdBack(exchange: Exchange, armed: Armed, when: 'before' | 'after'): Promise<void> {
  const body = await buffer(exchange.request)
  const early = when === 'after' ? await carryOut(exchange, body) : undefined
  armed.noteStruck()
  if ((await armed.hold) === 'drop') return void exchange.request.socket.destroy()
  const answer = early ?? (await carryOut(exchange, body))
  exchange.response.writeHead(answer.status, answer.headers).end(answer.body)
}

async function passOn({ request, response, upstream }: Exchange): Promise<void> {
  const onward = open({ request, response, upstream })
  const answered = answerOf(onward)
  const [answer] = await Promise.all([answered, pipeline(request, onward)])
  response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
  await pipeline(answer, response)
}

interface Answer {
  readonly status: number
  readonly headers: string[]
  readonly body: Buffer
}

/** Does it, whether or not somebody still waits for the answer. */
async function carryOut(exchange: Exchange, body: Buffer): Promise<Answer> {
  const onward = open(exchange)
  onward.end(body)
  const answer = await answerOf(onward)
  const bytes = await buffer(answer)
  return { status: answer.statusCode ?? 502, headers: answer.rawHeaders, body: bytes }
}

async function answerHalf(exchange: Exchange): Promise<void> {
  const { request, response } = exchange
  const { status, headers, body } = await carryOut(exchange, await buffer(request))
  response.writeHead(status, headers)
  const half = body.subarray(0, Math.ceil(body.length / 2))
  await new Promise<void>((resolve) => response.write(half, () => resolve()))
  request.socket.destroy()
}

async function sendHalf(exchange: Exchange): Promise<void> {
  const { request } = exchange
  const half = Number(request.headers['content-length'] ?? 0) / 2
  const onward = open(exchange)
  onward.on('error', () => {
    // It is broken off below; that is what was asked for.
  })
  let sent = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    await new Promise<void>((resolve) => onward.write(chunk, () => resolve()))
    sent += (chunk as Buffer).length
    if (sent >= half) break
  }
  onward.destroy()
}

function open({ request, upstream }: Exchange): ReturnType<typeof openRequest> {
  const { target, agent } = upstream
  return openRequest({
    agent,
    host: target.hostname,
    port: target.port || 80,
    method: request.method,
    path: request.url,
    // As they came: the signature covers Host too.
    headers: withoutHops(request.rawHeaders),
    setHost: false,
  })
}

function withoutHops(raw: readonly string[]): string[] {
  return raw.filter((_, at) => !/^(connection|expect|keep-alive)$/i.test(raw[at - (at % 2)] ?? ''))
}

function answerOf(onward: ReturnType<typeof openRequest>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    onward.once('response', resolve)
    onward.once('error', reject)
  })
}

function refuse(response: ServerResponse, status: number): void {
  const code = status === 503 ? 'SlowDown' : 'InternalError'
  response
    .writeHead(status, { 'content-type': 'application/xml' })
    .end(`<Error><Code>${code}</Code><Message>A scripted fault.</Message></Error>`)
}
