import { setTimeout as sleep } from 'node:timers/promises'
import { cutBody, type Fate, fateOf, withWrongEtag } from './apply-faults.ts'
import { type Authority, authenticate } from './authenticate.ts'
import { requireActions } from './credentials.ts'
import { errorReply } from './error-reply.ts'
import { type Exchange, hasBody, isGone, openRawBody } from './exchange.ts'
import type { FaultBook } from './faults.ts'
import { httpDate } from './http-dates.ts'
import type { OperationName } from './operation-name.ts'
import { actionsOf, operationOf } from './operations.ts'
import type { Reply } from './reply.ts'
import { createRequestBody } from './request-body.ts'
import type { RequestRecorder } from './request-log.ts'
import { parseTarget, type RequestTarget } from './request-target.ts'
import { routeOf } from './route.ts'
import { S3Error } from './s3-error.ts'
import type { ServerState } from './s3-request.ts'
import { sendReply } from './send-reply.ts'

export interface Service extends ServerState {
  readonly authority: Authority
  readonly faults: FaultBook
  readonly recorder: RequestRecorder
  /** Told of what is the server's own fault; the client gets InternalError. */
  readonly onInternalError: (error: unknown) => void
}

interface Routed {
  readonly target: RequestTarget
  readonly operation: OperationName
  readonly fate: Fate
}

/**
 * From the first header to the last byte: route, faults, signature, rights, operation, answer.
 * Never rejects.
 */
export async function handleRequest(exchange: Exchange, service: Service): Promise<void> {
  const { recorder } = service
  recorder.begin()
  const outcome: Outcome = {
    operation: 'NotImplemented',
    target: undefined,
    accessKeyId: undefined,
    errorCode: undefined,
    status: 0,
  }
  try {
    await answer(exchange, service, outcome)
  } catch (error) {
    if (!isGone(exchange)) service.onInternalError(error)
    exchange.request.socket.destroy()
  } finally {
    record(exchange, recorder, outcome)
  }
}

interface Outcome {
  operation: OperationName
  target: RequestTarget | undefined
  accessKeyId: string | undefined
  errorCode: string | undefined
  status: number
}

async function answer(exchange: Exchange, service: Service, outcome: Outcome): Promise<void> {
  let fate = fateOf([])
  let reply: Reply
  try {
    const routed = route(exchange, service, outcome)
    fate = routed.fate
    if (await isLostBefore(exchange, fate)) return
    reply = fate.answer ?? (await perform({ exchange, service, outcome }, routed))
  } catch (error) {
    if (isGone(exchange)) return
    if (!(error instanceof S3Error)) service.onInternalError(error)
    outcome.errorCode = error instanceof S3Error ? error.code : 'InternalError'
    reply = errorReply(error, {
      requestId: exchange.id,
      resource: outcome.target?.rawPath ?? exchange.request.url ?? '',
    })
  }
  await send({ exchange, service, outcome }, fate, reply)
}

function route(exchange: Exchange, { faults }: Service, outcome: Outcome): Routed {
  const { request, headers } = exchange
  const method = request.method ?? ''
  const target = parseTarget(request.url ?? '/')
  const isCopy = headers['x-amz-copy-source'] !== undefined
  const operation = routeOf({ method, target, isCopy })
  outcome.target = target
  outcome.operation = operation
  const { bucket, key } = target
  const partNumber = partNumberOf(target)
  return {
    target,
    operation,
    fate: fateOf(faults.take({ method, operation, bucket, key, partNumber })),
  }
}

/** True when a fault, or the client, ended the exchange before anything was done. */
async function isLostBefore(exchange: Exchange, fate: Fate): Promise<boolean> {
  const { request, response } = exchange
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  if (fate.delayMs > 0) {
    // A client that leaves ends the wait: isGone tells below.
    await sleep(fate.delayMs, undefined, { signal: gone.signal }).catch(() => {})
  }
  if (fate.hangs) {
    request.resume()
    await new Promise<void>((resolve) => {
      if (gone.signal.aborted) resolve()
      gone.signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }
  if (fate.cutsBefore || (fate.cutsRequest && !hasBody(exchange))) request.socket.destroy()
  return isGone(exchange)
}

interface Context {
  readonly exchange: Exchange
  readonly service: Service
  readonly outcome: Outcome
}

async function perform(
  { exchange, service, outcome }: Context,
  { target, operation, fate }: Routed,
): Promise<Reply> {
  const method = exchange.request.method ?? ''
  const { headers } = exchange
  const { caller, payload } = await authenticate({ method, target, headers }, service.authority)
  outcome.accessKeyId = caller.accessKeyId
  requireActions(caller, actionsOf(operation, target))
  const allHeaders = { ...hoistedHeaders(target), ...headers }
  const body = createRequestBody({
    headers: allHeaders,
    payload,
    open: () => cutAsFated(exchange, fate, openRawBody(exchange)),
  })
  const { handler } = operationOf(operation)
  const { bucket: bucketName, key, query } = target
  return handler({ method, bucketName, key, query, headers: allHeaders, caller, body }, service)
}

function cutAsFated(
  exchange: Exchange,
  { cutsRequest }: Fate,
  body: AsyncIterable<Buffer>,
): AsyncIterable<Buffer> {
  if (!cutsRequest) return body
  const half = Math.ceil(Number(exchange.headers['content-length'] ?? 0) / 2)
  return cutBody(body, cutsRequest.afterBytes ?? half, () => exchange.request.socket.destroy())
}

/** A presigned URL may carry headers as parameters. */
function hoistedHeaders({ query }: RequestTarget): Record<string, string> {
  const hoisted: Record<string, string> = {}
  for (const [name, value] of query) {
    const lower = name.toLowerCase()
    if (lower.startsWith('x-amz-') && !signatureParameters.has(lower)) hoisted[lower] = value
  }
  return hoisted
}

const signatureParameters = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-signedheaders',
  'x-amz-signature',
  'x-amz-security-token',
])

async function send(
  { exchange, service, outcome }: Context,
  fate: Fate,
  done: Reply,
): Promise<void> {
  const { request, response } = exchange
  const stream = typeof done.body === 'object' ? done.body : undefined
  try {
    const meant = fate.answerAfter ?? (fate.wrongEtag ? withWrongEtag(done) : done)
    const bytes = typeof meant.body === 'string' ? meant.body.length : (meant.body?.bytes ?? 0)
    const isHead = request.method === 'HEAD'
    if (fate.cutsAfter || (fate.cutsResponse && (isHead || bytes === 0))) {
      request.socket.destroy()
      return
    }
    finishRequest(exchange)
    response.sendDate = false
    response.setHeader('date', httpDate(service.clock.now()))
    response.setHeader('x-amz-request-id', exchange.id)
    response.setHeader('x-amz-id-2', 'embedded')
    outcome.status = meant.status
    const cutAfterBytes = fate.cutsResponse && (fate.cutsResponse.afterBytes ?? bytes >> 1)
    exchange.bytesOut = await sendReply(response, meant, { isHead, cutAfterBytes })
  } finally {
    await stream?.close()
  }
}

/** What is left of the body is read and dropped, so that the client gets to read the answer. */
function finishRequest({ request, response, expectsContinue, bodyOpened }: Exchange): void {
  if (expectsContinue && !bodyOpened) {
    // The client may or may not send the body now; the connection cannot be used again.
    response.setHeader('connection', 'close')
  }
  if (bodyOpened && !request.readableEnded) request.resume()
}

function partNumberOf({ query }: RequestTarget): number | undefined {
  const number = Number(query.get('partNumber') ?? Number.NaN)
  return Number.isInteger(number) ? number : undefined
}

function record(exchange: Exchange, recorder: RequestRecorder, outcome: Outcome): void {
  const { id, request, headers, bytesIn, bytesOut } = exchange
  const { operation, target, accessKeyId, errorCode, status } = outcome
  recorder.add({
    id,
    operation,
    method: request.method ?? '',
    bucket: target?.bucket,
    key: target?.key,
    partNumber: target && partNumberOf(target),
    accessKeyId,
    headers,
    status,
    errorCode,
    bytesIn,
    bytesOut,
  })
}
