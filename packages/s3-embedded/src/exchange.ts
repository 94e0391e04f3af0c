import type { IncomingMessage, ServerResponse } from 'node:http'
import { randomId } from './random-id.ts'

/** One request and its response on the wire, and what is known of them for the log. */
export interface Exchange {
  readonly id: string
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly headers: Readonly<Record<string, string>>
  /** The client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean
  bytesIn: number
  bytesOut: number
  bodyOpened: boolean
}

export function beginExchange(
  request: IncomingMessage,
  response: ServerResponse,
  expectsContinue: boolean,
): Exchange {
  return {
    id: randomId().slice(0, 16).toUpperCase(),
    request,
    response,
    headers: joinHeaders(request),
    expectsContinue,
    bytesIn: 0,
    bytesOut: 0,
    bodyOpened: false,
  }
}

/** The body as it comes, counted. Leaving the loop early leaves the connection as it is. */
export async function* openRawBody(exchange: Exchange): AsyncGenerator<Buffer> {
  const { request, response } = exchange
  exchange.bodyOpened = true
  if (exchange.expectsContinue) response.writeContinue()
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    exchange.bytesIn += (chunk as Buffer).length
    yield chunk as Buffer
  }
}

export function hasBody({ headers }: Exchange): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** True when nobody is left to answer. */
export function isGone({ request, response }: Exchange): boolean {
  return response.destroyed || request.socket.destroyed || request.errored !== null
}

function joinHeaders(request: IncomingMessage): Record<string, string> {
  const joined: Record<string, string> = {}
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (values) joined[name] = values.map((value) => value.trim()).join(',')
  }
  return joined
}
