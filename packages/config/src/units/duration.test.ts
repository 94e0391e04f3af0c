import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  describeDuration,
  formatDuration,
  parseDuration,
  parseRetentionDuration,
} from './duration.ts'

test('reads each unit of a duration', () => {
  assert.deepEqual(
    ['90s', '10m', '26h', '7d', '2w'].map(parseDuration),
    [90_000, 600_000, 93_600_000, 604_800_000, 1_209_600_000],
  )
})

test('refuses a bare number because nobody can tell its unit', () => {
  assert.throws(() => parseDuration('90'), { message: 'a duration needs a unit' })
})

test('refuses durations of nothing, of too much, in parts and in other units', () => {
  for (const text of [
    '0s',
    '999999999999w',
    '1.5h',
    '1h30m',
    '5mo',
    '-1h',
    '',
    '1 h',
    '5ms',
    'h',
  ]) {
    assert.throws(() => parseDuration(text), { code: 'value-invalid' }, text)
  }
})

test('refuses m in retention and names both readings', () => {
  assert.throws(() => parseRetentionDuration('6m'), {
    message: '`6m` could mean 6 months or 6 minutes',
    remedy: 'write 6mo for months; retention does not count in minutes',
  })
  assert.throws(() => parseRetentionDuration('90s'), { code: 'value-invalid' })
})

test('takes months and years of retention at their longest', () => {
  assert.equal(parseRetentionDuration('1mo'), 31 * 86_400_000)
  assert.equal(parseRetentionDuration('1y'), 366 * 86_400_000)
})

test('formats every whole second so that it reads back as itself', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000_000_000 }), (seconds) => {
      assert.equal(parseDuration(formatDuration(seconds * 1000)), seconds * 1000)
    }),
  )
})

test('formats with the largest unit that divides', () => {
  assert.deepEqual(
    [1000, 90_000, 3_600_000, 93_600_000, 86_400_000, 1_209_600_000, 0].map(formatDuration),
    ['1s', '90s', '1h', '26h', '1d', '2w', '0s'],
  )
})

test('describes a duration by its two largest units', () => {
  assert.deepEqual(
    [0, 45_999, 7_980_000, 97_200_000, 90_000_000, 86_400_000, 86_460_000].map(describeDuration),
    ['0s', '45s', '2h 13m', '1d 3h', '1d 1h', '1d', '1d'],
  )
})
