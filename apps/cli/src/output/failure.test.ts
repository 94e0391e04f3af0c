import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CliError } from '../cli-error.ts'
import { failureDocument, renderFailure } from './failure.ts'
import { createPaint } from './paint.ts'

describe('failureDocument', () => {
  it('holds code, message with its causes, and remedy', () => {
    const error = new CliError('failed', 'it broke', {
      cause: new Error('no space'),
      remedy: 'Mend.',
    })
    deepEqual(failureDocument(error), {
      error: { code: 'failed', message: 'it broke: no space', remedy: 'Mend.' },
    })
  })

  it('calls what nobody threw on purpose internal', () => {
    deepEqual(failureDocument(new TypeError('x is not a function')), {
      error: { code: 'internal', message: 'x is not a function', remedy: null },
    })
  })

  it('adds the problems of a configuration', () => {
    const problems = [{ line: 1 }]
    const error = Object.assign(new Error('bad'), { problems })
    deepEqual(failureDocument(error).error.problems, problems)
  })
})

describe('renderFailure', () => {
  it('puts the remedy on a line of its own and lets no escape sequence through', () => {
    const error = new CliError('failed', 'a\u001b[31mb\nsecond', { remedy: 'Mend it.' })
    equal(renderFailure(error, createPaint(false)), 'error: a\ufffd[31mb\nsecond\nMend it.\n')
  })
})
