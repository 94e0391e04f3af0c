import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type AdaptiveGate, createAdaptiveGate } from './adaptive-gate.ts'

const { signal } = new AbortController()
const slowDown = new Error('slow down')

function gateOf(max: number): AdaptiveGate {
  return createAdaptiveGate({ isThrottled: (error) => error === slowDown, max })
}

/** Requests that end when they are told to. */
function requestsThrough(gate: AdaptiveGate, count: number) {
  const begun: { resolve(): void; reject(error: unknown): void }[] = []
  const done = Array.from({ length: count }, () =>
    gate.pass(() => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      begun.push({ resolve, reject })
      return promise
    }, signal),
  )
  for (const one of done) one.catch(() => {})
  return { begun, done }
}

test('lets as many through as it may, and the next as one ends', async () => {
  const { begun } = requestsThrough(gateOf(2), 3)
  await turn()
  assert.equal(begun.length, 2)
  begun[0]?.resolve()
  await turn()
  assert.equal(begun.length, 3)
})

test('halves once for all that were under way when the store asked for fewer', async () => {
  const gate = gateOf(8)
  const { begun, done } = requestsThrough(gate, 8)
  await turn()
  for (const one of begun) one.reject(slowDown)
  await Promise.allSettled(done)
  assert.equal(gate.limit, 4)
})

test('goes down to one and no further, and up again with requests that are served well', async () => {
  const gate = gateOf(8)
  for (let round = 0; round < 5; round++) {
    await gate.pass(() => Promise.reject(slowDown), signal).catch(() => {})
  }
  assert.equal(gate.limit, 1)
  for (let round = 0; round < 60; round++) await gate.pass(() => Promise.resolve(), signal)
  assert.equal(gate.limit, 8)
})

test('is not moved by other errors', async () => {
  const gate = gateOf(8)
  await gate.pass(() => Promise.reject(new Error('cut')), signal).catch(() => {})
  assert.equal(gate.limit, 8)
})

test('gives up its turn when it is aborted while it waits, and lets the others go on', async () => {
  const gate = gateOf(1)
  const { begun } = requestsThrough(gate, 1)
  const controller = new AbortController()
  const givenUp = gate.pass(() => Promise.resolve('sent'), controller.signal)
  const next = gate.pass(() => Promise.resolve('sent'), signal)
  controller.abort(new Error('enough'))
  await assert.rejects(givenUp, { message: 'enough' })
  begun[0]?.resolve()
  assert.equal(await next, 'sent')
})
