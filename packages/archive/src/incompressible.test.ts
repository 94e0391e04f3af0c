import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { looksIncompressible } from './incompressible.ts'

const mebibyte = 1 << 20

describe('looksIncompressible', () => {
  it('knows noise, and what is compressed already', () => {
    assert.equal(looksIncompressible(randomBytes(mebibyte)), true)
    const text = randomBytes(mebibyte).toString('base64')
    assert.equal(looksIncompressible(gzipSync(text)), true)
  })

  it('takes text, records, base64 and zeros for what shrinks', () => {
    const counters = Buffer.alloc(mebibyte)
    for (let at = 0; at < mebibyte; at += 4) counters.writeUInt32LE(at, at)
    for (const plain of [
      Buffer.alloc(mebibyte),
      Buffer.alloc(mebibyte, 'a line of a log\n'),
      Buffer.from(randomBytes(mebibyte).toString('base64')),
      counters,
    ]) {
      assert.equal(looksIncompressible(plain), false)
    }
  })

  it('takes what is half noise, and what is too small to tell, for what may shrink', () => {
    const half = Buffer.concat([randomBytes(mebibyte), Buffer.alloc(mebibyte, 'text ')])
    assert.equal(looksIncompressible(half), false)
    assert.equal(looksIncompressible(randomBytes(10_000)), false)
  })
})
