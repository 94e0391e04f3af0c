/** Whom to tell, of what, and how. */
import * as z from 'zod'
import { defaults } from '../defaults.ts'
import type { NotifyConfig, NotifyEvent, SecretRef } from '../model.ts'
import { keys } from './keys.ts'
import { choice, duration, filledList, flag, secret, text, wholeNumber } from './value.ts'

const troubles = [
  'failed',
  'overdue',
  'suspect',
  'verify-failed',
  'drill-failed',
  'prune-held',
  'unknown-plan',
  'recovered',
] as const satisfies readonly NotifyEvent[]
const allEvents = [...troubles, 'succeeded'] as const

const on = filledList(
  choice(allEvents, 'An event'),
  'Which events; all but succeeded by default, for a ping all',
).optional()

const notifiers = z.discriminatedUnion('kind', [
  keys({
    kind: z.literal('ping').describe('Start, success and failure of a run, the healthchecks form'),
    url: secret('Address, to which /start and /fail are added'),
    on,
  }),
  keys({
    kind: z.literal('webhook').describe('A JSON document by POST'),
    url: secret('Address'),
    headers: z.record(z.string().min(1), secret('Value')).describe('More headers').optional(),
    on,
  }),
  keys({
    kind: z.literal('command').describe('A command that gets a JSON document on its input'),
    argv: filledList(
      z.string().describe('The program, then its arguments'),
      'The program and its arguments; no shell',
    ),
    env: z
      .record(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'write the name of an environment variable'),
        secret('Value'),
      )
      .describe('Variables for the command, beside PATH, HOME and the like')
      .optional(),
    on,
  }),
  keys({
    kind: z.literal('mail').describe('A mail'),
    from: text('Sender'),
    to: filledList(text('Address'), 'Recipients'),
    smtp: keys({
      host: text('Server'),
      port: wholeNumber('Port', { min: 1, max: 65_535 }).optional(),
      user: text('User').optional(),
      password: secret('Password').optional(),
      tls: flag('TLS from the first byte on').optional(),
    }).describe('The server that sends it'),
    on,
  }),
])

export const notifySchema: z.ZodType<NotifyConfig> = notifiers
  .describe('Somebody to tell')
  .transform((value): NotifyConfig => {
    switch (value.kind) {
      case 'ping':
        // Without the good news a ping service takes the silence for bad news.
        return { kind: 'ping', url: value.url, on: value.on ?? allEvents }
      case 'webhook':
        return {
          kind: 'webhook',
          url: value.url,
          headers: value.headers ?? {},
          on: value.on ?? troubles,
        }
      case 'command':
        return {
          kind: 'command',
          argv: value.argv,
          env: value.env ?? {},
          on: value.on ?? troubles,
        }
      case 'mail': {
        const { host, port = null, user = null, password = null, tls = false } = value.smtp
        const { from, to } = value
        return {
          kind: 'mail',
          from,
          to,
          smtp: { host, port, user, password, tls },
          on: value.on ?? troubles,
        }
      }
    }
  })

export const heartbeatSchema: z.ZodType<{ url: SecretRef; everyMs: number }> = keys({
  url: secret('Address that is asked'),
  every: duration('How often; 5m by default').optional(),
})
  .describe('Sent only while everything is well, so that its absence is the alarm')
  .transform((value) => ({ url: value.url, everyMs: value.every ?? defaults.heartbeatEveryMs }))
