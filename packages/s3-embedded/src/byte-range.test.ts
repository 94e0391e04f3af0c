import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRange } from './byte-range.ts'

for (const [header, start, end] of [
  ['bytes=0-0', 0, 1],
  ['bytes=3-', 3, 10],
  ['bytes=2-4', 2, 5],
  ['bytes=5-99', 5, 10],
  ['bytes=-3', 7, 10],
  ['bytes=-99', 0, 10],
] as const) {
  test(`reads ${header} of ten bytes as ${start} to ${end}`, () => {
    assert.deepEqual(parseRange(header, 10), { start, end })
  })
}

for (const header of [undefined, 'bytes=', 'bytes=-', 'bytes=4-2', 'bytes=0-1,3-4', 'lines=0-1']) {
  test(`sends the whole object for ${header}`, () => {
    assert.equal(parseRange(header, 10), undefined)
  })
}

for (const [header, bytes] of [
  ['bytes=10-', 10],
  ['bytes=-0', 10],
  ['bytes=0-', 0],
  ['bytes=-1', 0],
] as const) {
  test(`answers InvalidRange for ${header} of ${bytes} bytes`, () => {
    assert.throws(() => parseRange(header, bytes), { code: 'InvalidRange' })
  })
}
