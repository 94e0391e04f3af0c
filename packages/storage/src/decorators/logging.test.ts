import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogFields, Logger } from '@backstream/kernel'
import { createMemoryStorage } from '../memory-storage.ts'
import { faulty } from './faulty.ts'
import { logging } from './logging.ts'

test('writes a line for each request, with its key and its time', async () => {
  const { storage, lines } = logged()
  await storage.put('a', Buffer.from('secret content'))
  for await (const _ of storage.list(''));
  assert.deepEqual(lines, [
    ['debug', { request: 'put', key: 'a', bytes: 14, ifAbsent: undefined, ms: 7 }],
    ['debug', { request: 'list', key: '', entries: 1, ms: 7 }],
  ])
})

test('warns of a failure, but not of an answer that was asked for', async () => {
  const { storage, lines } = logged()
  await assert.rejects(storage.head('nothing'))
  await assert.rejects(storage.get('anything'))
  assert.deepEqual(
    lines.map(([level, { request, code }]) => [level, request, code]),
    [
      ['debug', 'head', 'not-found'],
      ['warn', 'get', 'unavailable'],
    ],
  )
})

function logged() {
  const lines: [string, LogFields][] = []
  const write = (level: string) => (fields: LogFields) => void lines.push([level, fields])
  const logger: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => logger,
  }
  let ticks = 0
  const clock = { now: () => 0, monotonicMs: () => 7 * ticks++ }
  const inner = faulty(createMemoryStorage(), { faults: [{ on: 'get', fail: 'unavailable' }] })
  return { storage: logging(inner, { logger, clock }), lines }
}
