import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BackstreamError } from '@backstream/kernel'
import { UnrecoverableError } from 'bullmq'
import { failedReasonOf, runFailure } from './run-failure.ts'

describe('the reason of a failed run', () => {
  it('is the message with its causes and the remedy', () => {
    const error = new BackstreamError('x', 'cannot write', {
      cause: new Error('no space left'),
      remedy: 'Make room.',
    })
    assert.equal(failedReasonOf(error), 'cannot write: no space left. Make room.')
  })

  it('is never empty and never endless', () => {
    const blank = '   '
    assert.match(failedReasonOf(new Error(blank)), /\w/)
    assert.match(failedReasonOf(undefined), /\w/)
    assert.ok(failedReasonOf(new Error('x'.repeat(1_000_000))).length < 3000)
  })

  it('ends the attempts of a permanent error only', () => {
    const permanent = new BackstreamError('x', 'no such bucket', { permanent: true })
    assert.ok(runFailure(permanent) instanceof UnrecoverableError)
    assert.ok(!(runFailure(new BackstreamError('x', 'away')) instanceof UnrecoverableError))
    assert.ok(!(runFailure(new Error('away')) instanceof UnrecoverableError))
  })

  it('keeps the place that failed', () => {
    const error = new Error('away')
    assert.equal(runFailure(error).stack, error.stack)
  })
})
