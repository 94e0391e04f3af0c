import type { Config } from '@backstream/config'
import { type Notification, type NotifySendPayload, notificationText } from '@backstream/jobs'
import type { Clock, Logger } from '@backstream/kernel'
import { addresseesOf } from './addressees.ts'

/** What there is to tell; the time is now. */
export interface News extends Pick<Notification, 'id' | 'event' | 'plan' | 'text'> {
  readonly run?: string | null
  readonly backup?: string | null
}

/** Puts the news into the queue, once for each who wants it. Rejects when the queue takes none. */
export type Tell = (news: News) => Promise<void>

export interface TellDeps {
  /** The configuration of this moment. */
  readonly config: () => Pick<Config, 'notify' | 'plans'>
  /** Must take the same news for the same one twice without sending it twice. */
  readonly enqueue: (send: Omit<NotifySendPayload, 'v'>) => Promise<unknown>
  readonly clock: Clock
  readonly logger: Logger
}

export function createTell({ config, enqueue, clock, logger }: TellDeps): Tell {
  return async (news) => {
    const { id, event, plan, run = null, backup = null } = news
    const at = new Date(clock.now()).toISOString()
    const text = notificationText(news.text)
    const notification: Notification = { id, event, at, plan, text, run, backup }
    const names = addresseesOf(config(), news)
    for (const to of names) await enqueue({ plan, to, notification })
    if (names.length > 0) logger.debug({ plan, event, to: names }, `telling ${names.join(', ')}`)
  }
}
