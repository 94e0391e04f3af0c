/** For the tests of this package: something to tell. */
import type { Notification } from '@backstream/jobs'
import { type EventDocument, eventDocument } from './event-document.ts'
import type { NotifyDeps } from './send-notification.ts'

export function sampleDocument(over: Partial<Notification> = {}): EventDocument {
  return eventDocument(
    {
      id: 'failed/media/1@1',
      event: 'failed',
      at: '2026-11-24T03:15:00.000Z',
      plan: 'media',
      text: 'pg_dump: exit status 1',
      run: '1',
      backup: null,
      ...over,
    },
    { installation: 'home', tool: { name: 'backstream', version: '0' } },
  )
}

export function sampleDeps(environment: Record<string, string> = {}): NotifyDeps {
  return {
    resolveSecret: async (ref) => ('value' in ref ? ref.value : ''),
    environment,
    signal: new AbortController().signal,
  }
}
