import { equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatLocalTime } from './local-time.ts'

const winter = Date.UTC(2026, 10, 24, 2, 15, 7)

describe('formatLocalTime', () => {
  it('says the zone, which differs between summer and winter', () => {
    equal(formatLocalTime(winter, 'Europe/Berlin'), '2026-11-24 03:15:07 +01:00')
    equal(
      formatLocalTime(Date.UTC(2026, 6, 1, 22, 0), 'Europe/Berlin'),
      '2026-07-02 00:00:00 +02:00',
    )
    equal(formatLocalTime(winter, 'America/St_Johns'), '2026-11-23 22:45:07 -03:30')
  })

  it('says UTC where there is no offset', () => {
    equal(formatLocalTime(winter, 'UTC'), '2026-11-24 02:15:07 UTC')
  })
})
