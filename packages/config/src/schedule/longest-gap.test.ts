import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { CronSchedule } from '../model.ts'
import { defaultOverdueAfterMs, longestGapMs } from './longest-gap.ts'
import { nextRun } from './next-run.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const cron = (pattern: string, timezone = 'UTC'): CronSchedule => ({
  kind: 'cron',
  pattern,
  timezone,
  jitterMs: 0,
})

test('knows the longest wait between two runs', () => {
  assert.equal(longestGapMs({ kind: 'every', everyMs: hourMs, jitterMs: 0 }), hourMs)
  assert.equal(longestGapMs(cron('15 3 * * *')), dayMs)
  assert.equal(longestGapMs(cron('0 9,17 * * *')), 16 * hourMs)
  assert.equal(longestGapMs(cron('0 3 * * 1-5')), 3 * dayMs)
  assert.equal(longestGapMs(cron('0 3 1 * *')), 31 * dayMs)
  assert.equal(longestGapMs(cron('0 0 29 2 *')), 1461 * dayMs)
  assert.equal(longestGapMs(cron('0 0 1 * 1')), 7 * dayMs)
})

test('adds the hour that occurs twice where there is one', () => {
  assert.equal(longestGapMs(cron('15 3 * * *', 'Europe/Berlin')), 25 * hourMs)
  assert.equal(longestGapMs(cron('15 3 * * *', 'Asia/Tokyo')), dayMs)
  assert.equal(longestGapMs(cron('15 3 * * *', 'Australia/Lord_Howe')), 24.5 * hourMs)
})

test('is never shorter than a wait that happens', () => {
  const patterns = fc.constantFrom(
    '0 * * * *',
    '30 2 * * *',
    '0 3 * * 0',
    '15 1 1 * *',
    '0 0 1,15 * 3',
  )
  const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'Africa/Casablanca', 'America/Havana')
  const start = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2034, 0, 1) })
  fc.assert(
    fc.property(patterns, zones, start, (pattern, zone, afterMs) => {
      const schedule = cron(pattern, zone)
      const first = nextRun(schedule, 'p', afterMs)
      assert.ok(nextRun(schedule, 'p', first) - first <= longestGapMs(schedule))
    }),
    { numRuns: 300 },
  )
})

test('calls a plan overdue after a quarter more than the longest wait, at least an hour', () => {
  assert.equal(defaultOverdueAfterMs(cron('15 3 * * *')), 30 * hourMs)
  assert.equal(defaultOverdueAfterMs({ kind: 'every', everyMs: hourMs, jitterMs: 0 }), 2 * hourMs)
})
