import { NotifyError, systemCodeOf } from './notify-error.ts'

export interface HttpRequest {
  /** Whom it is for, in words: `the webhook ops`. */
  readonly who: string
  /** A secret. User and password in it become a header. */
  readonly url: URL
  readonly method: 'GET' | 'POST'
  /** Values are secrets. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
  readonly timeoutMs?: number
}

const answerWithinMs = 15_000

/** Resolves on an answer of 2xx. What the answer says is not looked at, and never repeated. */
export async function sendHttp(request: HttpRequest): Promise<void> {
  const { who, signal } = request
  const message = composeMessage(request)
  const limit = AbortSignal.timeout(request.timeoutMs ?? answerWithinMs)
  const response = await fetch(message, { signal: AbortSignal.any([signal, limit]) }).catch(
    (error: unknown) => {
      signal.throwIfAborted()
      throw unreachable(who, limit.aborted ? 'no answer in time' : systemCodeOf(error))
    },
  )
  await response.body?.cancel().catch(() => {
    // The connection broke after the answer: that it was given is all we need.
  })
  if (!response.ok) throw rejected(who, response.status)
}

/** The text of an address as a URL; it is a secret, and not part of the error. */
export function parseAddress(text: string, who: string): URL {
  const url = URL.parse(text.trim())
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url
  throw new NotifyError('misconfigured', `The address of ${who} is none of http or https`, {
    permanent: true,
    remedy: 'Write it whole where the configuration says it is: https://…',
  })
}

function composeMessage({ who, url, method, headers, body }: HttpRequest): Request {
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  try {
    return new Request(bare, {
      method,
      // Who is redirected elsewhere might take the document, and its headers, to a stranger.
      redirect: 'manual',
      headers: { 'user-agent': 'backstream', ...credentialsOf(url), ...headers },
      ...(body === undefined ? {} : { body }),
    })
  } catch {
    // The error repeats the value of the header.
    throw new NotifyError('misconfigured', `A header of ${who} cannot be sent`, {
      permanent: true,
      remedy: 'Look for line breaks and other characters that headers may not hold.',
    })
  }
}

function credentialsOf({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {}
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

function unreachable(who: string, why: string): NotifyError {
  return new NotifyError('unreachable', `${who} cannot be reached${why && ` (${why})`}`, {
    remedy: 'See that the address is right and can be reached from this machine.',
  })
}

/** Answers that another time may be better. */
const passing: readonly number[] = [408, 421, 425, 429]

function rejected(who: string, status: number): NotifyError {
  const isRedirect = status >= 300 && status < 400
  return new NotifyError('rejected', `${who} answers with status ${status}`, {
    permanent: status < 500 && !passing.includes(status),
    remedy: isRedirect
      ? 'Write the address it redirects to: redirects are not followed.'
      : 'See what its own log says, and whether the address is still valid.',
  })
}
