import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCron } from './cron-pattern.ts'

test('reads names, ranges, lists, steps and both Sundays', () => {
  const pattern = parseCron('*/20 9-10 1,15 jan-MAR/2 fri-sun')
  assert.deepEqual(pattern.minutesOfDay, [540, 560, 580, 600, 620, 640])
  assert.deepEqual([...pattern.daysOfMonth], [1, 15])
  assert.deepEqual([...pattern.months], [1, 3])
  assert.deepEqual([...pattern.weekdays], [5, 6, 0])
  assert.deepEqual([...parseCron('0 0 * * 0,7').weekdays], [0])
})

test('matches either day only when neither day field begins with a star', () => {
  assert.equal(parseCron('0 0 1 * 1').eitherDay, true)
  assert.equal(parseCron('0 0 */2 * 1').eitherDay, false)
  assert.equal(parseCron('0 0 1 * *').eitherDay, false)
})

const refused: readonly (readonly [string, RegExp, RegExp])[] = [
  ['@daily', /short names/, /"0 0 \* \* \*"/],
  ['0 15 3 * * *', /six fields/, /every: 30s/],
  ['CRON_TZ=UTC 0 3 * * *', /time zone/, /timezone:/],
  ['15 3 * *', /not a cron expression/, /five fields/],
  ['', /not a cron expression/, /five fields/],
  ['60 3 * * *', /minute cannot be 60/, /0 to 59/],
  ['0 24 * * *', /hour cannot be 24/, /0 to 23/],
  ['0 0 0 * *', /day of month cannot be 0/, /1 to 31/],
  ['0 0 * 13 *', /month cannot be 13/, /1 to 12/],
  ['0 0 * * 8', /day of week cannot be 8/, /0 to 7/],
  ['0 0 L * *', /day of month is not understood/, /1 to 31/],
  ['0 0 * * 1#2', /day of week is not understood/, /0 to 7/],
  ['22-2 * * * *', /backwards/, /22-59,0-2/],
  ['*/90 * * * *', /steps of 90/, /every: 90m/],
  ['*/0 * * * *', /steps of 0/, /between 1 and 59/],
  ['1,,2 * * * *', /minute is not understood/, /0 to 59/],
  ['0 0 30 2 *', /never fires/, /exists/],
  ['0 0 31 4,6,9,11 *', /never fires/, /exists/],
]
for (const [text, message, remedy] of refused) {
  test(`refuses "${text}" and says what to write instead`, () => {
    assert.throws(() => parseCron(text), { code: 'value-invalid', message, remedy })
  })
}

test('accepts 29 February, which comes now and then', () => {
  assert.doesNotThrow(() => parseCron('0 0 29 2 *'))
})
