import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createRedact } from './redact.ts'

describe('createRedact', () => {
  const redact = createRedact(['s3cret', 's3cret-and-more', 'p@ss/word', 'x', ''])

  it('replaces secrets wherever they stand, the longer one first, also as a URL writes them', () => {
    assert.equal(redact('a s3cret-and-more b s3cretc'), 'a [redacted] b [redacted]c')
    assert.equal(redact('p%40ss%2Fword'), '[redacted]')
  })

  it('takes off what a cut has left of a secret at the beginning, and only there', () => {
    assert.equal(redact('ret-and-more and ret', { isCut: true }), '[redacted] and ret')
    assert.equal(redact('ret-and-more and ret'), 'ret-and-more and ret')
  })

  it('leaves text alone that only holds a very short one', () => {
    assert.equal(redact('exit x'), 'exit x')
  })

  it('replaces passwords in addresses', () => {
    assert.equal(
      redact('postgres://me:a:b@c@db:5432/x and https://host/path?q=a@b'),
      'postgres://me:[redacted]@db:5432/x and https://host/path?q=a@b',
    )
  })

  it('replaces what is said to be a password, token or key', () => {
    for (const [text, expected] of [
      ['password=hunter2 host=db', 'password=[redacted] host=db'],
      ['PGPASSWORD="two words" x', 'PGPASSWORD=[redacted] x'],
      ['--password hunter2', '--password [redacted]'],
      ["api_key: 'abc'", 'api_key: [redacted]'],
      ['?access-key=abc&x=1', '?access-key=[redacted]&x=1'],
      ['{"token": "abc", "x": 1}', '{"token": [redacted], "x": 1}'],
    ] as const) {
      assert.equal(redact(text), expected)
    }
  })

  it('leaves sentences about passwords readable', () => {
    const text = 'FATAL: password authentication failed for user "me"'
    assert.equal(redact(text), text)
  })
})
