import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatBytes, parseRate, parseSize } from './size.ts'

test('reads powers of 1024 and of 1000', () => {
  assert.deepEqual(
    ['512KiB', '10MiB', '1GB', '7B', '1.5GiB', '2 TB', '3kB'].map(parseSize),
    [524_288, 10_485_760, 1_000_000_000, 7, 1_610_612_736, 2_000_000_000_000, 3000],
  )
})

test('refuses a size without a unit, and offers both readings of a short one', () => {
  assert.throws(() => parseSize('10'), { message: 'a size needs a unit' })
  assert.throws(() => parseSize('10M'), {
    remedy: 'write 10MiB (powers of 1024) or 10MB (powers of 1000)',
  })
})

test('refuses what is no size', () => {
  for (const text of ['', 'MiB', '-1B', '1e3B', '99999999PiB', '1KiBB', '1iB']) {
    assert.throws(() => parseSize(text), { code: 'value-invalid' }, text)
  }
})

test('reads a rate', () => {
  assert.equal(parseRate('20MiB/s'), 20_971_520)
  for (const text of ['20MiB', '0B/s', '/s', '5/s']) {
    assert.throws(() => parseRate(text), { code: 'value-invalid' }, text)
  }
})

test('shows a number of bytes in at most five characters and a unit, close to what it is', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 52 }), (bytes) => {
      const shown = formatBytes(bytes)
      assert.match(shown, /^\d{1,4}(\.\d)? (B|[KMGTP]iB)$/)
      assert.ok(Math.abs(parseSize(shown) - bytes) <= bytes * 0.05)
    }),
  )
  assert.deepEqual([0, 1023, 1024, 524_288, 1_503_238_553, 1_048_575].map(formatBytes), [
    '0 B',
    '1023 B',
    '1 KiB',
    '512 KiB',
    '1.4 GiB',
    '1 MiB',
  ])
})
