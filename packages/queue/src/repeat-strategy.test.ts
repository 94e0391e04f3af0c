import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Schedule } from '@backstream/config'
import { nextOfPattern, patternOf } from './plan-schedule.ts'
import { repeatStrategy } from './repeat-strategy.ts'

const berlin: Schedule = {
  kind: 'cron',
  pattern: '30 2 * * *',
  timezone: 'Europe/Berlin',
  jitterMs: 0,
}

describe('the repeat strategy', () => {
  it('runs a time that daylight saving skips at the first moment after the gap', () => {
    const pattern = patternOf({ name: 'media', schedule: berlin })
    assert.equal(next(pattern, '2026-03-28T12:00:00Z'), '2026-03-29T01:00:00.000Z')
    assert.equal(next(pattern, '2026-03-29T01:00:00Z'), '2026-03-30T00:30:00.000Z')
  })

  it('runs a time that occurs twice once, the first time', () => {
    const pattern = patternOf({ name: 'media', schedule: berlin })
    assert.equal(next(pattern, '2026-10-24T12:00:00Z'), '2026-10-25T00:30:00.000Z')
    assert.equal(next(pattern, '2026-10-25T00:30:00Z'), '2026-10-26T01:30:00.000Z')
  })

  it('tells plans apart: the same schedule, jittered, is due at times of their own', () => {
    const schedule: Schedule = { ...berlin, jitterMs: 3_600_000 }
    const times = ['a', 'b', 'c', 'd'].map((name) =>
      next(patternOf({ name, schedule }), '2026-01-01T12:00:00Z'),
    )
    assert.equal(new Set(times).size, 4)
  })

  it('is strictly after a start that lies ahead', () => {
    const pattern = patternOf({
      name: 'media',
      schedule: { kind: 'every', everyMs: 3_600_000, jitterMs: 0 },
    })
    const first = nextOfPattern(pattern, 0)
    assert.equal(repeatStrategy(0, { pattern, startDate: first }), first + 3_600_000)
    assert.equal(repeatStrategy(first, { pattern, startDate: 1 }), first + 3_600_000)
  })

  it('has no next run, and does not throw, for a pattern that is not ours', () => {
    for (const pattern of [undefined, '', '* * * * *', '15 3 * * * Nowhere/Land #media', ' #']) {
      assert.equal(repeatStrategy(0, pattern === undefined ? {} : { pattern }), undefined)
    }
  })
})

function next(pattern: string, after: string): string {
  const at = repeatStrategy(Date.parse(after), { pattern })
  assert.ok(typeof at === 'number')
  return new Date(at).toISOString()
}
