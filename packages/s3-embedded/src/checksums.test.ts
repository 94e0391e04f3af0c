import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checksumOfParts, startChecksum } from './checksums.ts'

const check = Buffer.from('123456789')

for (const [algorithm, hex] of [
  ['CRC32', 'cbf43926'],
  ['CRC32C', 'e3069283'],
  ['CRC64NVME', 'ae8b14860a799888'],
] as const) {
  test(`computes the published check value of ${algorithm}`, () => {
    const running = startChecksum(algorithm)
    running.update(check)
    assert.equal(Buffer.from(running.base64(), 'base64').toString('hex'), hex)
  })

  test(`gives the same ${algorithm} for any cut into chunks`, () => {
    const data = Buffer.from(Array.from({ length: 1000 }, (_, at) => (at * 31) & 255))
    const whole = startChecksum(algorithm)
    whole.update(data)
    const expected = whole.base64()
    for (const size of [1, 3, 7, 8, 9, 64, 999]) {
      const pieces = startChecksum(algorithm)
      for (let at = 0; at < data.length; at += size) pieces.update(data.subarray(at, at + size))
      assert.equal(pieces.base64(), expected, `chunks of ${size}`)
    }
  })

  test(`combines the ${algorithm} of parts, empty ones too, into that of the whole`, () => {
    const data = Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7 + 3) & 255))
    const cuts = [0, 0, 1, 1000, 1000, 2000, 4999, 5000]
    const parts = cuts.slice(1).map((end, at) => {
      const piece = data.subarray(cuts[at], end)
      const running = startChecksum(algorithm)
      running.update(piece)
      return { value: running.base64(), bytes: piece.length }
    })
    const whole = startChecksum(algorithm)
    whole.update(data)
    const combined = checksumOfParts({ algorithm, type: 'FULL_OBJECT' }, parts)
    assert.equal(combined.value, whole.base64())
  })
}
