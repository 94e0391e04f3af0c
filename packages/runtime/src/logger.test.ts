import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { BackstreamError } from '@backstream/kernel'
import { type CreateLoggerOptions, createLogger } from './logger.ts'

function collect(options: Partial<CreateLoggerOptions> = {}) {
  const lines: string[] = []
  const stream = { write: (line: string) => lines.push(line) }
  const logger = createLogger({ level: 'info', format: 'json', stream, ...options })
  return { lines, logger }
}

test('writes one JSON document a line, with time, level, bindings and fields', () => {
  const { lines, logger } = collect({ bindings: { role: 'worker' } })
  logger.child({ plan: 'media' }).info({ bytes: 5 }, 'run committed')
  equal(lines.length, 1)
  const { time, ...rest } = JSON.parse(lines[0] ?? '')
  match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  deepEqual(rest, {
    level: 'info',
    role: 'worker',
    plan: 'media',
    bytes: 5,
    msg: 'run committed',
  })
})

test('writes a sentence with its fields for people, without colour unless asked', () => {
  const { lines, logger } = collect({ format: 'text' })
  logger.warn({ plan: 'media' }, 'no worker serves this queue')
  match(lines[0] ?? '', /^\[[\d :-]+\] WARN: no worker serves this queue \{"plan":"media"\}\n$/)
})

test('leaves out what is below its level', () => {
  const { lines, logger } = collect({ level: 'warn' })
  logger.info({}, 'nobody asked')
  equal(lines.length, 0)
})

test('an error is written with its causes, code and remedy', () => {
  const { lines, logger } = collect()
  const cause = new Error('connect ECONNREFUSED')
  logger.error(
    { err: new BackstreamError('network', 'no Redis', { cause, remedy: 'Start it.' }) },
    'x',
  )
  const { type, message, code, remedy, stack } = JSON.parse(lines[0] ?? '').err
  deepEqual([type, code, remedy], ['BackstreamError', 'network', 'Start it.'])
  equal(message, 'no Redis: connect ECONNREFUSED')
  match(stack, /logger\.test\.ts/)
})

test('what foreign errors carry in their own fields is not written', () => {
  for (const format of ['json', 'text'] as const) {
    const { lines, logger } = collect({ format })
    const reply = Object.assign(new Error('WRONGPASS'), {
      command: { name: 'auth', args: ['hunter2'] },
    })
    logger.error({ err: reply, error: new AggregateError([reply], 'both', { cause: reply }) }, 'x')
    match(lines.join(''), /WRONGPASS/)
    doesNotMatch(lines.join(''), /hunter2/)
  }
})
