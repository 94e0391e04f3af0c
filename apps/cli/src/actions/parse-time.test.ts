import { equal, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fixedClock } from '@backstream/testkit'
import { formatLocalTime } from '../output/local-time.ts'
import { parseTime } from './parse-time.ts'

const now = Date.UTC(2026, 10, 24, 12)
const clock = fixedClock(now)
const parse = (text: string) => parseTime(text, clock)

describe('parseTime', () => {
  it('reads ISO 8601 with a zone', () => {
    equal(parse('2026-11-24T03:15Z'), Date.UTC(2026, 10, 24, 3, 15))
    equal(parse('2026-11-24T03:15:30+01:00'), Date.UTC(2026, 10, 24, 2, 15, 30))
  })

  it('takes the local zone where none is said, for a date alone too', () => {
    equal(parse('2026-11-24T03:15'), new Date(2026, 10, 24, 3, 15).getTime())
    equal(parse('2026-11-24'), new Date(2026, 10, 24).getTime())
  })

  it('reads what tables print', () => {
    equal(parse(formatLocalTime(now)), now)
    equal(parse(formatLocalTime(now, 'Asia/Kolkata')), now)
  })

  it('reads an age', () => {
    equal(parse('36h'), now - 36 * 3_600_000)
    equal(parse('2w'), now - 14 * 86_400_000)
  })

  for (const text of ['', 'yesterday', '36', '2026', '2026-13-01', '24.11.2026', '-1h', '1e3']) {
    it(`refuses ${JSON.stringify(text)}`, () => throws(() => parse(text), { code: 'usage' }))
  }
})
