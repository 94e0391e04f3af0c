import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { type Config, parseConfig } from '@backstream/config'
import type { NotificationEvent } from '@backstream/jobs'
import { addresseesOf } from './addressees.ts'

const text = `version: 1
name: home
redis: redis://127.0.0.1:6379
storages: { main: { kind: s3, bucket: backups } }
notify:
  hc: { kind: ping, url: { env: HC } }
  bad: { kind: ping, url: { env: HC }, on: [failed, recovered] }
  ops: { kind: webhook, url: { env: OPS } }
  log: { kind: command, argv: [log], on: [succeeded] }
plans:
  media: { storage: main, source: { kind: directory, path: /srv }, notify: [hc, bad, ops, log] }
  quiet: { storage: main, source: { kind: directory, path: /srv }, notify: [] }
  unsaid: { storage: main, source: { kind: directory, path: /srv } }
`

function read(): Config {
  const result = parseConfig(text, { file: 'f.yaml', env: {} })
  if (!result.ok) throw new Error('not valid')
  return result.config
}

const told = (event: NotificationEvent, plan = 'media') => addresseesOf(read(), { plan, event })

test('those are told who want to hear of the event', () => {
  deepEqual(told('failed'), ['hc', 'bad', 'ops'])
  deepEqual(told('succeeded'), ['hc', 'log'])
  deepEqual(told('overdue'), ['hc', 'ops'])
  deepEqual(told('started'), ['hc'])
})

test('a ping that hears of every good run is not told that a plan has recovered', () => {
  deepEqual(told('recovered'), ['bad', 'ops'])
})

test('a plan that names nobody tells nobody', () => {
  deepEqual(told('failed', 'quiet'), [])
})

test('of a plan that does not say whom to tell everybody hears but pings', () => {
  deepEqual(told('failed', 'unsaid'), ['ops'])
})

test('of a plan in no configuration everybody is told who wants to, but no ping of another plan', () => {
  deepEqual(told('unknown-plan', 'gone'), ['ops'])
})
