import { equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { describeRetention } from './describe-retention.ts'

const base = { graceMs: 0, timezone: 'UTC' }
const sayMs = (ms: number) => `${ms} ms`

describe('describeRetention', () => {
  it('names each rule in words', () => {
    equal(
      describeRetention({ ...base, keepLast: 3, keepDaily: 7, keepWithinMs: 5 }, sayMs),
      'the last 3, one a day for 7 days, all of the last 5 ms',
    )
  })

  it('says that everything is kept without retention, or without a rule in it', () => {
    equal(describeRetention(null, sayMs), 'everything: no retention is set')
    equal(describeRetention(base, sayMs), 'everything: retention names nothing to keep')
  })
})
