import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Schedule } from '../model.ts'
import { describeSchedule } from './describe-schedule.ts'
import { decodeSchedule, encodeSchedule } from './schedule-text.ts'

test('writes a schedule as one readable line', () => {
  const cron: Schedule = {
    kind: 'cron',
    pattern: '15 3 * * *',
    timezone: 'Europe/Berlin',
    jitterMs: 600_000,
  }
  assert.equal(encodeSchedule(cron), '15 3 * * * Europe/Berlin ~10m')
  assert.equal(encodeSchedule({ kind: 'every', everyMs: 21_600_000, jitterMs: 0 }), 'every 6h')
})

test('reads back every schedule it writes', () => {
  const whole = fc.integer({ min: 1, max: 10_000_000 }).map((seconds) => seconds * 1000)
  const jitterMs = fc.oneof(fc.constant(0), whole)
  const plain = { noNullPrototype: true }
  const schedules: fc.Arbitrary<Schedule> = fc.oneof(
    fc.record({ kind: fc.constant('every' as const), everyMs: whole, jitterMs }, plain),
    fc.record(
      {
        kind: fc.constant('cron' as const),
        pattern: fc.constantFrom('15 3 * * *', '*/5 0-6 1,15 jan-mar/2 MON'),
        timezone: fc.constantFrom(...Intl.supportedValuesOf('timeZone'), '+02:00'),
        jitterMs,
      },
      plain,
    ),
  )
  fc.assert(
    fc.property(schedules, (schedule) => {
      assert.deepEqual(decodeSchedule(encodeSchedule(schedule)), schedule)
    }),
  )
})

test('refuses every other line', () => {
  const lines = [
    '',
    'every',
    'every 6',
    '15 3 * * *',
    '15 3 * * * Mars/Base',
    '61 3 * * * UTC',
    'every 1h 5m',
  ]
  for (const line of lines)
    assert.throws(() => decodeSchedule(line), { code: 'value-invalid' }, line)
  fc.assert(
    fc.property(fc.string(), (line) => {
      try {
        decodeSchedule(line)
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'value-invalid')
      }
    }),
  )
})

test('suggests the time zone that was meant', () => {
  assert.throws(() => decodeSchedule('0 3 * * * Europe/Berln'), {
    remedy: 'did you mean Europe/Berlin?',
  })
})

test('describes common schedules in words and others by their expression', () => {
  const words = (pattern: string): string =>
    describeSchedule({ kind: 'cron', pattern, timezone: 'UTC', jitterMs: 0 })
  assert.deepEqual(
    ['15 3 * * *', '5 * * * *', '0 9 * * 7', '0 9 * * 1-5', '0 4 1 * *', '*/5 1 * * *'].map(words),
    [
      'daily at 03:15 UTC',
      'hourly at :05 UTC',
      'Sundays at 09:00 UTC',
      'Monday to Friday at 09:00 UTC',
      'monthly on day 1 at 04:00 UTC',
      'cron */5 1 * * * UTC',
    ],
  )
  assert.equal(describeSchedule({ kind: 'every', everyMs: 3_600_000, jitterMs: 0 }), 'every 1h')
  assert.equal(describeSchedule(null), 'by hand only')
})
