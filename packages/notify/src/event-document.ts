import type { Notification, NotificationEvent } from '@backstream/jobs'

/**
 * What webhooks and commands are given: one JSON document. Fields are only ever added; what must
 * break gets a new `format`. Times are ISO 8601 UTC.
 */
export interface EventDocument extends Omit<Notification, 'event'> {
  readonly format: 'backstream.event/1'
  readonly event: NotificationEvent
  /** The configuration's `name`. */
  readonly installation: string
  /** A few words: `media: failed`. */
  readonly title: string
  readonly tool: { readonly name: string; readonly version: string }
}

export interface Teller {
  readonly installation: string
  readonly tool: EventDocument['tool']
}

export function eventDocument(notification: Notification, teller: Teller): EventDocument {
  const { plan, event } = notification
  return {
    format: 'backstream.event/1',
    installation: teller.installation,
    title: `${plan}: ${eventWords[event]}`,
    ...notification,
    tool: teller.tool,
  }
}

const eventWords: Readonly<Record<NotificationEvent, string>> = {
  started: 'started',
  succeeded: 'succeeded',
  failed: 'failed',
  overdue: 'overdue',
  suspect: 'suspect backup',
  'verify-failed': 'verification failed',
  'drill-failed': 'drill failed',
  'prune-held': 'prune held',
  'unknown-plan': 'unknown to the configuration',
  recovered: 'recovered',
  test: 'test',
}
