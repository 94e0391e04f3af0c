import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createScratchRegister, scratchName } from './scratch-databases.ts'

const day = 24 * 3_600_000
const streamOf = (name: string) => ({ name, facts: {} }) as never

describe('the register of scratch databases', () => {
  it('drops all it made, though one cannot be dropped, and tells of that one', async () => {
    const tried: string[] = []
    const register = createScratchRegister({ plan: 'shop', nowMs: 3 * day }, async (name) => {
      tried.push(name)
      if (tried.length === 1) throw new Error('it is in use')
    })
    const names = ['a', 'b', 'c'].map((name) => register.add(streamOf(name)))
    assert.equal(register.nameOf(streamOf('b')), names[1])
    await assert.rejects(async () => await register[Symbol.asyncDispose](), /it is in use/)
    assert.deepEqual(tried, names)
  })

  it('drops what is a day old, of its plan only', async () => {
    const dropped: string[] = []
    const register = createScratchRegister({ plan: 'shop', nowMs: 3 * day }, async (name) => {
      dropped.push(name)
    })
    const old = scratchName('shop', { atMs: day, number: 1 })
    const recent = scratchName('shop', { atMs: 2.5 * day, number: 1 })
    const others = scratchName('mail', { atMs: day, number: 1 })
    await register.dropStale([old, recent, others, 'shop'].map((name) => ({ name })))
    assert.deepEqual(dropped, [old])
  })
})
