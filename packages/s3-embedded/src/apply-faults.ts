import type { FaultAction } from './faults.ts'
import type { Reply } from './reply.ts'
import { ServerError } from './server-error.ts'
import { buildErrorXml } from './xml.ts'

/** What the faults of one request come to, in the order it meets them. */
export interface Fate {
  readonly delayMs: number
  readonly hangs: boolean
  readonly cutsBefore: boolean
  /** Bytes of the request body; undefined inside: half of it. */
  readonly cutsRequest: { readonly afterBytes: number | undefined } | undefined
  readonly cutsResponse: { readonly afterBytes: number | undefined } | undefined
  /** Instead of doing it. */
  readonly answer: Reply | undefined
  /** After doing it. */
  readonly answerAfter: Reply | undefined
  readonly cutsAfter: boolean
  readonly wrongEtag: boolean
}

const clear: Fate = {
  delayMs: 0,
  hangs: false,
  cutsBefore: false,
  cutsRequest: undefined,
  cutsResponse: undefined,
  answer: undefined,
  answerAfter: undefined,
  cutsAfter: false,
  wrongEtag: false,
}

export function fateOf(actions: readonly FaultAction[]): Fate {
  const fate = { ...clear }
  for (const action of actions) Object.assign(fate, effectOf(action, fate))
  return fate
}

function effectOf(action: FaultAction, fate: Fate): Partial<Fate> {
  if ('delayMs' in action) return { delayMs: fate.delayMs + action.delayMs }
  if ('hang' in action) return { hangs: true }
  if ('status' in action) return { answer: errorReply(action.status, action.code) }
  if ('doThenStatus' in action) return { answerAfter: errorReply(action.doThenStatus, undefined) }
  if ('doThenCut' in action) return { cutsAfter: true }
  if ('wrongEtag' in action) return { wrongEtag: true }
  const { afterBytes } = action
  if (action.cut === 'mid-request') return { cutsRequest: { afterBytes } }
  if (action.cut === 'mid-response') return { cutsResponse: { afterBytes } }
  return { cutsBefore: true }
}

/** Another ETag of the same form, in headers and body. */
export function withWrongEtag(reply: Reply): Reply {
  const { etag, body } = reply
  if (etag === undefined || etag === '') return reply
  const wrong = etag.replace(/^[0-9a-f]{32}/, (hex) =>
    [...hex].reverse().join('').replace(/^./, 'f'),
  )
  const other = wrong === etag ? etag.replace(/^./, '0') : wrong
  return {
    ...reply,
    etag: other,
    headers: Object.fromEntries(
      Object.entries(reply.headers ?? {}).map(([name, value]) => [
        name,
        name === 'etag' ? value?.replace(etag, other) : value,
      ]),
    ),
    ...(typeof body === 'string' ? { body: body.replaceAll(etag, other) } : {}),
  }
}

/** Breaks off after `bytes` of the body. */
export async function* cutBody(
  body: AsyncIterable<Buffer>,
  bytes: number,
  cut: () => void,
): AsyncGenerator<Buffer> {
  let left = bytes
  for await (const chunk of body) {
    if (chunk.length < left) {
      left -= chunk.length
      yield chunk
      continue
    }
    yield chunk.subarray(0, left)
    break
  }
  cut()
  throw new ServerError('connection-cut', 'The connection was cut by a scripted fault')
}

function errorReply(status: number, code: string | undefined): Reply {
  return {
    status,
    headers: { 'content-type': 'application/xml' },
    body: buildErrorXml({
      Code: code ?? (status === 503 ? 'SlowDown' : 'InternalError'),
      Message: 'A scripted fault.',
    }),
  }
}
