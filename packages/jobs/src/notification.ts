import * as z from 'zod'

/**
 * What there is to tell: an event of the configuration's `on`, the start of a run (pings only), or a
 * test that somebody asked for.
 */
export const notificationEvents = [
  'started',
  'succeeded',
  'failed',
  'overdue',
  'suspect',
  'verify-failed',
  'drill-failed',
  'prune-held',
  'unknown-plan',
  'recovered',
  'test',
] as const
export type NotificationEvent = (typeof notificationEvents)[number]

/** One event of one plan, as it was when it happened. Holds no secret and no address. */
export interface Notification {
  /** The same for whoever reports the same event, also again: nobody is told of one id twice. */
  readonly id: string
  readonly event: NotificationEvent
  /** ISO 8601 UTC. */
  readonly at: string
  readonly plan: string
  /** In one sentence, for people. */
  readonly text: string
  /** Id of the run in the queue; null where no run is meant. */
  readonly run: string | null
  /** Id of the backup that it is about. */
  readonly backup: string | null
}

const longestText = 2_000

/** Strict: what is not here cannot be sent to anybody. */
export const notificationSchema: z.ZodType<Notification> = z.strictObject({
  id: z.string().min(1).max(400),
  event: z.enum(notificationEvents),
  at: z.iso.datetime(),
  plan: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  text: z.string().max(longestText),
  run: z.string().max(200).nullable(),
  backup: z.string().max(64).nullable(),
})

/** The text as a notification may carry it. */
export function notificationText(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText - 1)}…` : text
}
