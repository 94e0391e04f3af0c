import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CronExpressionParser } from 'cron-parser'
import fc from 'fast-check'
import type { CronSchedule, EverySchedule } from '../model.ts'
import { dayMatches, parseCron } from './cron-pattern.ts'
import { nextRun, nextRuns, previousRun } from './next-run.ts'
import { decodeSchedule } from './schedule-text.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

test('runs a time that daylight saving skips at the first moment after the gap', () => {
  assert.deepEqual(runs('30 2 * * * Europe/Berlin', '2026-03-28T12:00Z', 2), [
    '2026-03-29T01:00:00.000Z',
    '2026-03-30T00:30:00.000Z',
  ])
})

test('runs several skipped times once', () => {
  assert.deepEqual(runs('*/15 2,3 * * * Europe/Berlin', '2026-03-29T00:50Z', 3), [
    '2026-03-29T01:00:00.000Z',
    '2026-03-29T01:15:00.000Z',
    '2026-03-29T01:30:00.000Z',
  ])
})

test('runs a time that occurs twice once, the first time', () => {
  assert.deepEqual(runs('30 2 * * * Europe/Berlin', '2026-10-24T12:00Z', 2), [
    '2026-10-25T00:30:00.000Z',
    '2026-10-26T01:30:00.000Z',
  ])
})

test('knows a step of half an hour', () => {
  assert.deepEqual(runs('15 2 * * * Australia/Lord_Howe', '2026-10-03T00:00Z', 2), [
    '2026-10-03T15:30:00.000Z',
    '2026-10-04T15:15:00.000Z',
  ])
})

test('runs the whole of a skipped day at its end, once', () => {
  assert.deepEqual(runs('0 */6 * * * Pacific/Apia', '2011-12-30T04:00Z', 3), [
    '2011-12-30T10:00:00.000Z',
    '2011-12-30T16:00:00.000Z',
    '2011-12-30T22:00:00.000Z',
  ])
})

test('finds 29 February across a century without one', () => {
  assert.deepEqual(runs('0 0 29 2 * UTC', '2096-03-01T00:00Z', 1), ['2104-02-29T00:00:00.000Z'])
})

test('counts an interval from 00:00 UTC plus an offset of the plan that is always the same', () => {
  const every: EverySchedule = { kind: 'every', everyMs: 6 * hourMs, jitterMs: 0 }
  const first = nextRun(every, 'media', Date.UTC(2026, 0, 1))
  const offset = first % (6 * hourMs)
  assert.deepEqual(nextRuns(every, 'media', { afterMs: first, count: 2 }), [
    first + 6 * hourMs,
    first + 12 * hourMs,
  ])
  assert.equal(nextRun(every, 'media', Date.UTC(2031, 5, 1)) % (6 * hourMs), offset)
  assert.notEqual(nextRun(every, 'shop', Date.UTC(2026, 0, 1)), first)
})

test('moves a plan by a fixed part of the jitter', () => {
  const plain: CronSchedule = { kind: 'cron', pattern: '0 3 * * *', timezone: 'UTC', jitterMs: 0 }
  const spread = Array.from({ length: 200 }, (_, index) => {
    const name = `plan-${index}`
    const jittered = nextRun({ ...plain, jitterMs: 10 * minuteMs }, name, Date.UTC(2026, 0, 1))
    return jittered - nextRun(plain, name, Date.UTC(2026, 0, 1))
  })
  assert.ok(spread.every((ms) => ms >= 0 && ms < 10 * minuteMs && ms % 1000 === 0))
  assert.ok(new Set(spread).size > 100)
})

const field = (min: number, max: number): fc.Arbitrary<string> => {
  const number = fc.integer({ min, max })
  const range = fc.tuple(number, number).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`)
  return fc.oneof(
    number.map(String),
    range,
    fc.uniqueArray(number, { minLength: 2, maxLength: 4 }).map((list) => list.join(',')),
    fc.integer({ min: 1, max: max - min }).map((step) => `*/${step}`),
    fc.tuple(range, fc.integer({ min: 1, max: 5 })).map(([from, step]) => `${from}/${step}`),
    fc.constant('*'),
  )
}
const cron = fc
  .tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6))
  .map((fields) => fields.join(' '))

const minuteOf = (from: string, to: string): fc.Arbitrary<number> =>
  fc
    .integer({ min: Date.parse(from) / minuteMs, max: Date.parse(to) / minuteMs })
    .map((minute) => minute * minuteMs)

test('agrees with cron-parser where no clock jumps', () => {
  // A stepped star in a day field means "either" to cron-parser and "both" to cron(5).
  const comparable = cron.filter(
    (text) => !/^\S+ \S+ (\*\/\S+ \S+ \S+|\S+ \S+ \*\/\S+)$/.test(text),
  )
  fc.assert(
    fc.property(comparable, minuteOf('2020-01-01', '2035-01-01'), (pattern, afterMs) => {
      const oracle = CronExpressionParser.parse(pattern, {
        tz: 'UTC',
        currentDate: new Date(afterMs),
      })
      const schedule: CronSchedule = { kind: 'cron', pattern, timezone: 'UTC', jitterMs: 0 }
      assert.deepEqual(
        nextRuns(schedule, 'p', { afterMs, count: 4 }),
        oracle.take(4).map((date) => date.getTime()),
      )
    }),
    { numRuns: 300 },
  )
})

const jumps: readonly (readonly [string, string])[] = [
  ['Europe/Berlin', '2026-03-29T01:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00Z'],
  ['America/New_York', '2026-11-01T06:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
  ['Antarctica/Troll', '2026-03-29T01:00Z'],
  ['Antarctica/Troll', '2026-10-25T01:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00Z'],
  ['Pacific/Kwajalein', '1993-08-21T12:00Z'],
  ['Africa/Casablanca', '2026-02-15T02:00Z'],
  ['Africa/Casablanca', '2026-03-22T02:00Z'],
  ['Africa/Cairo', '2026-04-23T22:00Z'],
  ['America/Nuuk', '2023-03-26T01:00Z'],
  ['America/Sao_Paulo', '2018-11-04T03:00Z'],
  ['Asia/Pyongyang', '2018-05-04T15:00Z'],
  ['Pacific/Chatham', '2026-09-26T14:00Z'],
  ['Asia/Gaza', '2026-03-28T00:00Z'],
]
const zones = Intl.supportedValuesOf('timeZone')
const nearJump = fc
  .tuple(fc.constantFrom(...jumps), fc.integer({ min: -30 * 60, max: 0 }))
  .map(([[zone, at], minutes]) => ({ zone, fromMs: Date.parse(at) + minutes * minuteMs }))
const anywhere = fc.record({
  zone: fc.constantFrom(...zones),
  fromMs: minuteOf('1975-01-01', '2037-01-01'),
})

test('runs each local time once, at the first moment the wall clock shows it or has passed it', () => {
  fc.assert(
    fc.property(fc.oneof(nearJump, anywhere), denseCron, ({ zone, fromMs }, pattern) => {
      const schedule: CronSchedule = { kind: 'cron', pattern, timezone: zone, jitterMs: 0 }
      const untilMs = fromMs + 36 * hourMs
      const expected = watchTheClock(schedule, fromMs, untilMs)
      const found: number[] = []
      for (
        let at = nextRun(schedule, 'p', fromMs);
        at <= untilMs;
        at = nextRun(schedule, 'p', at)
      ) {
        found.push(at)
      }
      assert.deepEqual(found, expected)
    }),
    { numRuns: 40 },
  )
})

test('finds the run before any moment as it finds the run after it', () => {
  const schedules = fc.oneof(
    fc.record({
      kind: fc.constant('cron' as const),
      pattern: cron,
      timezone: fc.constantFrom(...zones),
      jitterMs: fc.integer({ min: 0, max: 100 }).map((minutes) => minutes * minuteMs),
    }),
    fc.record({
      kind: fc.constant('every' as const),
      everyMs: fc.integer({ min: 1, max: 100_000 }).map((seconds) => seconds * 1000),
      jitterMs: fc.constantFrom(0, hourMs),
    }),
  )
  fc.assert(
    fc.property(schedules, minuteOf('1980-01-01', '2037-01-01'), (schedule, atMs) => {
      const next = nextRun(schedule, 'plan', atMs)
      const previous = previousRun(schedule, 'plan', atMs)
      assert.ok(previous <= atMs && atMs < next)
      assert.equal(nextRun(schedule, 'plan', previous), next)
      assert.equal(previousRun(schedule, 'plan', next), next)
      assert.equal(previousRun(schedule, 'plan', next - 1), previous)
    }),
    { numRuns: 300 },
  )
})

function runs(line: string, after: string, count: number): string[] {
  return nextRuns(decodeSchedule(line), 'p', { afterMs: Date.parse(after), count }).map((at) =>
    new Date(at).toISOString(),
  )
}

const denseCron = fc
  .tuple(field(0, 59), field(0, 23), fc.oneof(fc.constant('*'), field(0, 7)))
  .map(([minute, hour, weekday]) => `${minute} ${hour} * * ${weekday}`)

/** The rule told by looking at a clock minute by minute, from two days before. */
function watchTheClock(schedule: CronSchedule, fromMs: number, untilMs: number): number[] {
  const pattern = parseCron(schedule.pattern)
  const clock = new Intl.DateTimeFormat('sv-SE', {
    timeZone: schedule.timezone,
    dateStyle: 'short',
    timeStyle: 'medium',
  })
  const local = (ms: number): number => Date.parse(`${clock.format(ms).replace(' ', 'T')}Z`)
  const startMs = fromMs - 27 * hourMs
  const runs: number[] = []
  let shown = local(startMs)
  for (let at = startMs + minuteMs; at <= untilMs; at += minuteMs) {
    const now = local(at)
    let isDue = false
    for (let passed = shown + minuteMs; passed <= now; passed += minuteMs) {
      isDue ||= fires(pattern, passed)
    }
    if (isDue && at > fromMs) runs.push(at)
    shown = Math.max(shown, now)
  }
  return runs
}

function fires(pattern: ReturnType<typeof parseCron>, localMs: number): boolean {
  const date = new Date(localMs)
  const minute = date.getUTCHours() * 60 + date.getUTCMinutes()
  if (!pattern.minutesOfDay.includes(minute)) return false
  return dayMatches(pattern, {
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
  })
}
