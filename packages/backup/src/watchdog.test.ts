import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withIdleTimeout } from './watchdog.ts'

const options = { stage: 'source files', idleMs: 20, remedy: 'Look.' }

test('passes everything through and ends with its input', async () => {
  async function* input(): AsyncGenerator<number> {
    yield 1
    yield 2
  }
  const seen: number[] = []
  for await (const item of withIdleTimeout(input(), options)) seen.push(item)
  assert.deepEqual(seen, [1, 2])
})

test('names the stage that stands still', async () => {
  async function* input(): AsyncGenerator<number> {
    yield 1
    await new Promise(() => {})
  }
  await assert.rejects(
    async () => {
      for await (const _ of withIdleTimeout(input(), options));
    },
    { code: 'idle', message: /source files/ },
  )
})

test('time the consumer takes is not held against the source', async () => {
  async function* input(): AsyncGenerator<number> {
    yield 1
    yield 2
  }
  let count = 0
  for await (const _ of withIdleTimeout(input(), options)) {
    count++
    await new Promise((resolve) => setTimeout(resolve, 60))
  }
  assert.equal(count, 2)
})

test('leaves it to the watchdog of the stage before while that one stands still', async () => {
  let isExcused = true
  async function* input(): AsyncGenerator<number> {
    yield 1
    await new Promise((resolve) => setTimeout(resolve, 100))
    yield 2
    isExcused = false
    await new Promise(() => {})
  }
  const seen: number[] = []
  const watched = withIdleTimeout(input(), { ...options, isExcused: () => isExcused })
  await assert.rejects(
    async () => {
      for await (const item of watched) seen.push(item)
    },
    { code: 'idle' },
  )
  assert.deepEqual(seen, [1, 2])
})
