import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { QueueError } from './queue-error.ts'
import { translateConnectError, translateError } from './translate-error.ts'

const thrown: readonly (readonly [Error, string, boolean])[] = [
  [
    Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:1'), { code: 'ECONNREFUSED' }),
    'unreachable',
    false,
  ],
  [new Error('Connection is closed.'), 'unreachable', false],
  [new Error('Reached the max retries per request limit (which is 6).'), 'unreachable', false],
  [new Error('LOADING Redis is loading the dataset in memory'), 'unreachable', false],
  [new Error('WRONGPASS invalid username-password pair'), 'refused', true],
  [new Error('NOAUTH Authentication required.'), 'refused', true],
  [new Error('Missing key for job 1. moveToFinished'), 'failed', false],
  [new TypeError('x is not a function'), 'failed', false],
]

describe('an error of Redis or BullMQ', () => {
  for (const [error, code, permanent] of thrown) {
    it(`"${error.message}" is ${code}`, () => {
      const translated = translateError(error, 'db:6379')
      assert.deepEqual([translated.code, translated.permanent], [code, permanent])
      assert.match(translated.message, /db:6379/)
      assert.equal(translated.cause, error)
    })
  }

  it('is an outage while connecting, whatever it is, unless the server said no', () => {
    assert.equal(translateConnectError(new Error('self-signed'), 'db:6379').code, 'unreachable')
    assert.equal(translateConnectError(new Error('NOAUTH'), 'db:6379').code, 'refused')
  })

  it('stays what it is when it is one of ours', () => {
    const ours = new QueueError('no-such-run', 'no')
    assert.equal(translateError(ours, 'db:6379'), ours)
  })
})
