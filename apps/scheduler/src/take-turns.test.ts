import { deepEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { takeTurns } from './take-turns.ts'

describe('taking turns', () => {
  it('runs one step at a time, in the order in which they were asked for', async () => {
    const turns = takeTurns()
    const seen: string[] = []
    const step = (name: string) => async () => {
      seen.push(`${name} begins`)
      await Promise.resolve()
      seen.push(`${name} ends`)
    }
    void turns.run(step('a'))
    await turns.run(step('b'))
    deepEqual(seen, ['a begins', 'a ends', 'b begins', 'b ends'])
  })

  it('waits for the step under way when it is closed, and begins no other', async () => {
    const turns = takeTurns()
    const seen: string[] = []
    const underWay = Promise.withResolvers<void>()
    void turns.run(async () => {
      await underWay.promise
      seen.push('under way')
    })
    const left = turns.run(async () => void seen.push('too late'))
    await Promise.resolve()
    const closed = turns.close(60_000)
    underWay.resolve()
    await closed
    await left
    deepEqual(seen, ['under way'])
  })

  it('gives a step that does not end no longer than it is told to', async () => {
    const turns = takeTurns()
    const underWay = Promise.withResolvers<void>()
    void turns.run(() => underWay.promise)
    await turns.close(1)
    underWay.resolve()
  })
})
