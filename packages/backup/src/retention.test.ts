import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { localTime } from '@backstream/config'
import { formatBackupId } from '@backstream/kernel'
import fc from 'fast-check'
import { applyRetention, type RetentionBackup, type RetentionPolicy } from './retention.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const start = Date.UTC(2026, 0, 1, 3)

function backupAt(startedAtMs: number, fence: number, isGood = true): RetentionBackup {
  return { backup: formatBackupId({ startedAtMs, fence }), startedAtMs, isGood, holds: [] }
}

function daily(days: number): RetentionBackup[] {
  return Array.from({ length: days }, (_, day) => backupAt(start + day * dayMs, day + 1))
}

function clockOf(history: readonly RetentionBackup[], zone = 'UTC') {
  const nowMs = Math.max(start, ...history.map(({ startedAtMs }) => startedAtMs))
  return { nowMs, localTime: (ms: number) => ms + offsetOf(zone, ms) }
}

/** Remembered by the quarter of an hour, since all zones change at one. */
function offsetOf(zone: string, ms: number): number {
  const quarter = ms - (ms % (15 * 60_000))
  const key = `${zone} ${quarter}`
  const offset = offsets.get(key) ?? localTime(zone, quarter) - quarter
  offsets.set(key, offset)
  return offset
}
const offsets = new Map<string, number>()

function kept(history: readonly RetentionBackup[], policy: RetentionPolicy): string[] {
  return applyRetention(history, policy, clockOf(history))
    .filter(({ isKept }) => isKept)
    .map(({ backup }) => backup.slice(0, 8))
}

describe('retention', () => {
  it('keeps the first good backup of each period, and says which rule keeps it', () => {
    const verdicts = applyRetention(
      daily(40),
      { keepLast: 2, keepDaily: 3, keepWeekly: 2, keepMonthly: 12 },
      clockOf(daily(40)),
    ).filter(({ isKept }) => isKept)
    assert.deepEqual(
      verdicts.map(({ backup, reasons }) => [backup.slice(0, 8), reasons]),
      [
        ['20260209', ['last 1', 'daily 2026-02-09', 'weekly of 2026-02-09', 'newest good']],
        ['20260208', ['last 2', 'daily 2026-02-08']],
        ['20260207', ['daily 2026-02-07']],
        ['20260202', ['weekly of 2026-02-02']],
        ['20260201', ['monthly 2026-02']],
        ['20260101', ['monthly 2026-01']],
      ],
    )
  })

  it('says that no rule keeps what goes', () => {
    const [, second] = applyRetention(daily(2), { keepLast: 1 }, clockOf(daily(2)))
    assert.deepEqual(second, {
      backup: daily(2)[0]?.backup,
      isKept: false,
      reasons: ['no rule keeps it'],
    })
  })

  it('keeps everything within a span that is counted from the newest good backup', () => {
    const old = { keepWithinMs: 2 * dayMs }
    const clock = { ...clockOf(daily(9)), nowMs: start + 900 * dayMs }
    const verdicts = applyRetention(daily(9), old, clock)
    assert.deepEqual(
      verdicts.map(({ isKept }) => isKept),
      [true, true, true, false, false, false, false, false, false],
    )
  })

  it('does not let one backup from the future make all others look old', () => {
    const history = [...daily(3), backupAt(start + 4000 * dayMs, 4)]
    const clock = { ...clockOf(daily(3)), nowMs: start + 3 * dayMs }
    const verdicts = applyRetention(history, { keepWithinMs: 7 * dayMs }, clock)
    assert.ok(verdicts.every(({ isKept }) => isKept))
  })

  it('never removes what is pinned or locked', () => {
    const [first, ...rest] = daily(5)
    assert.ok(first)
    const verdicts = applyRetention(
      [{ ...first, holds: ['pinned'] }, ...rest],
      { keepLast: 1 },
      clockOf(rest),
    )
    assert.deepEqual(verdicts.at(-1), { backup: first.backup, isKept: true, reasons: ['pinned'] })
  })

  it('does not let a suspect backup take the place of a good one', () => {
    const history = [
      backupAt(start, 1),
      backupAt(start + hourMs, 2, false),
      backupAt(start + dayMs, 3, false),
      backupAt(start + dayMs + hourMs, 4),
    ]
    const verdicts = applyRetention(history, { keepDaily: 2 }, clockOf(history))
    assert.deepEqual(
      verdicts.map(({ reasons }) => reasons),
      [
        ['daily 2026-01-02', 'newest good'],
        ['not good, but would be daily 2026-01-02'],
        ['no rule keeps it'],
        ['daily 2026-01-01'],
      ],
    )
  })

  it('keeps all that is newer than the newest good backup, and all where none is good', () => {
    const history = [
      backupAt(start, 1),
      backupAt(start + 1, 2, false),
      backupAt(start + 2, 3, false),
    ]
    assert.equal(kept(history, { keepLast: 1 }).length, 3)
    assert.equal(kept(history.slice(1), { keepLast: 1 }).length, 2)
  })

  it('does not count periods without a backup, so that an outage removes nothing', () => {
    const history = [...daily(3), backupAt(start + 100 * dayMs, 4)]
    assert.equal(kept(history, { keepDaily: 4 }).length, 4)
  })

  it('takes days from the wall clock of the time zone, hours from real time', () => {
    const autumn = Date.UTC(2026, 9, 24, 21, 30)
    const history = Array.from({ length: 6 }, (_, at) => backupAt(autumn + at * hourMs, at + 1))
    const clock = clockOf(history, 'Europe/Berlin')
    const days = applyRetention(history, { keepDaily: 9 }, clock)
    assert.deepEqual(
      days.filter(({ isKept }) => isKept).map(({ backup }) => backup.slice(0, 11)),
      ['20261025T02', '20261024T22', '20261024T21'],
    )
    const hours = applyRetention(history, { keepHourly: 9 }, clock)
    assert.ok(hours.every(({ isKept }) => isKept))
  })
})

const zones = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu']

const policyArbitrary: fc.Arbitrary<RetentionPolicy> = fc.record(
  {
    keepLast: fc.nat(4),
    keepHourly: fc.nat(5),
    keepDaily: fc.nat(8),
    keepWeekly: fc.nat(5),
    keepMonthly: fc.nat(5),
    keepYearly: fc.nat(3),
    keepWithinMs: fc.nat(20 * dayMs),
  },
  { requiredKeys: [] },
)

/** Backups at uneven gaps around a change of the clocks, some of them not good. */
const historyArbitrary: fc.Arbitrary<RetentionBackup[]> = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 40 * hourMs }), fc.boolean(), fc.nat(4)), {
    minLength: 1,
    maxLength: 40,
  })
  .map((steps) => {
    let at = Date.UTC(2026, 2, 20)
    return steps.map(([gap, isFar, quality], index) => {
      at += isFar ? gap * 5 : gap
      return backupAt(at, index + 1, quality > 0)
    })
  })

const many = { numRuns: 10_000 }

test('over any history the newest good backup stays, and each rule has what it asks for', () => {
  fc.assert(
    fc.property(
      historyArbitrary,
      policyArbitrary,
      fc.constantFrom(...zones),
      (history, policy, zone) => {
        const clock = clockOf(history, zone)
        const verdicts = new Map(
          applyRetention(history, policy, clock).map((each) => [each.backup, each.isKept]),
        )
        const good = history.filter(({ isGood }) => isGood).toReversed()
        assert.equal(verdicts.size, history.length)
        for (const { backup } of good.slice(0, Math.max(1, policy.keepLast ?? 0)))
          assert.ok(verdicts.get(backup))
        if (good.length === 0) assert.ok([...verdicts.values()].every(Boolean))
        // Said apart from the code: a day's name in the zone, as Intl writes it.
        const day = new Intl.DateTimeFormat('en-CA', { timeZone: zone })
        const days = Map.groupBy(good, ({ startedAtMs }) => day.format(startedAtMs))
        for (const ofDay of [...days.values()].slice(0, policy.keepDaily ?? 0))
          assert.ok(verdicts.get(ofDay.at(-1)?.backup ?? ''))
      },
    ),
    many,
  )
})

test('pruning after every backup keeps what pruning once at the end would keep', () => {
  fc.assert(
    fc.property(
      historyArbitrary,
      policyArbitrary,
      fc.constantFrom(...zones),
      (history, policy, zone) => {
        let left: RetentionBackup[] = []
        for (const backup of history) {
          left.push(backup)
          const removed = new Set(
            applyRetention(left, policy, clockOf(left, zone)).flatMap((each) =>
              each.isKept ? [] : [each.backup],
            ),
          )
          left = left.filter((each) => !removed.has(each.backup))
        }
        const atOnce = applyRetention(history, policy, clockOf(history, zone))
        assert.deepEqual(
          left.map(({ backup }) => backup),
          atOnce.flatMap(({ backup, isKept }) => (isKept ? [backup] : [])).toReversed(),
        )
      },
    ),
    many,
  )
})
