import type { NotificationEvent } from '@backstream/jobs'
import type { EventDocument } from './event-document.ts'
import { sendHttp } from './http-request.ts'

export interface Ping {
  readonly who: string
  /** A secret. */
  readonly url: URL
  readonly signal: AbortSignal
}

/** Tells a ping service, in the form healthchecks made common; the text goes along as body. */
export async function sendPing(ping: Ping, document: EventDocument): Promise<void> {
  await sendHttp({
    ...ping,
    url: pingAddress(ping.url, document.event),
    method: 'POST',
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: `${document.title}\n${document.text}\n`,
  })
}

/** The address itself stands for success; `/log` is noted there and changes nothing. */
export function pingAddress(url: URL, event: NotificationEvent): URL {
  const address = new URL(url)
  address.pathname = address.pathname.replace(/\/+$/, '') + suffixes[event]
  return address
}

const suffixes: Readonly<Record<NotificationEvent, '' | '/start' | '/fail' | '/log'>> = {
  started: '/start',
  succeeded: '',
  recovered: '',
  failed: '/fail',
  overdue: '/fail',
  suspect: '/fail',
  'verify-failed': '/fail',
  'drill-failed': '/fail',
  'unknown-plan': '/fail',
  'prune-held': '/log',
  test: '/log',
}
