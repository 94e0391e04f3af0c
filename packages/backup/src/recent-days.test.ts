import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BackupGlance } from './backup-glance.ts'
import { recentDays } from './recent-days.ts'

function made(at: string, isGood = true): BackupGlance {
  return { backup: at, startedAtMs: Date.parse(at), isGood } as BackupGlance
}

test('each of the last days tells the best of it, and how often', () => {
  const days = recentDays(
    [made('2026-11-23T03:00Z', false), made('2026-11-23T02:00Z'), made('2026-11-22T02:00Z', false)],
    {
      ...{ nowMs: Date.parse('2026-11-24T12:00Z'), days: 4, localTime: (ms: number) => ms },
      failuresAtMs: ['2026-11-22T01:00Z', '2026-11-24T01:00Z'].map(Date.parse),
    },
  )
  assert.deepEqual(
    days.map(({ date, mark, backups, failures }) => [date, mark, backups, failures]),
    [
      ['2026-11-21', 'none', 0, 0],
      ['2026-11-22', 'suspect', 1, 1],
      ['2026-11-23', 'good', 2, 0],
      ['2026-11-24', 'failed', 0, 1],
    ],
  )
})

test('a day is one of the wall clock asked for', () => {
  const [day] = recentDays([made('2026-11-23T23:30Z')], {
    ...{ nowMs: Date.parse('2026-11-24T12:00Z'), days: 1, failuresAtMs: [] },
    localTime: (ms) => ms + 3_600_000,
  })
  assert.deepEqual([day?.date, day?.mark], ['2026-11-24', 'good'])
})
