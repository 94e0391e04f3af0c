import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { isStorageError } from './errors.ts'
import { measureBody } from './measure-body.ts'
import { createObjectHasher } from './object-digest.ts'

const mebibyte = 1024 * 1024

test('passes the bytes on in slices of at most 1 MiB, and hashes what it passes', async () => {
  const bytes = Buffer.alloc(5 * mebibyte + 123, 'backstream')
  const hasher = createObjectHasher(2 * mebibyte)
  const slices: Uint8Array[] = []
  for await (const slice of measure(from([bytes, Buffer.alloc(0), bytes]), { hasher })) {
    slices.push(slice)
  }
  const whole = Buffer.concat(slices)
  assert.ok(whole.equals(Buffer.concat([bytes, bytes])))
  assert.ok(slices.every((slice) => slice.byteLength <= mebibyte))
  assert.equal(hasher.finish().sha256, createHash('sha256').update(whole).digest('hex'))
})

test('lets other work run while it hashes a large chunk', async () => {
  let isOver = false
  let turns = 0
  const spin = () => {
    turns += 1
    if (!isOver) setImmediate(spin)
  }
  setImmediate(spin)
  for await (const _ of measure(from([new Uint8Array(32 * mebibyte)])));
  isOver = true
  assert.ok(turns >= 7, `${turns} turns`)
})

test('rejects with the error of the body itself', async () => {
  const error = new Error('the dump ended badly')
  const body = async function* () {
    yield new Uint8Array(10)
    throw error
  }
  await assert.rejects(drain(measure(body())), (thrown) => thrown === error)
})

test('stops at the first byte that is too many, and lets the body go', async () => {
  const body = endlessBody()
  await assert.rejects(drain(measure(body.iterable, { maxBytes: 2500 })), (error) =>
    isStorageError(error, 'invalid-request'),
  )
  assert.equal(body.state.yielded, 3)
  assert.equal(body.state.isReleased, true)
})

test('does not wait for a body that stands still once the signal is aborted', async () => {
  const stop = new AbortController()
  const reason = new Error('enough')
  let isReleased = false
  const hanging: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<never>(() => {}),
      return: () => {
        isReleased = true
        return new Promise<never>(() => {})
      },
    }),
  }
  const pass = drain(measure(hanging, { signal: stop.signal }))
  setImmediate(() => stop.abort(reason))
  await assert.rejects(pass, (thrown) => thrown === reason)
  assert.equal(isReleased, true)
})

test('ends for a signal that was aborted between two chunks, before a body that stands still', {
  timeout: 5000,
}, async () => {
  const stop = new AbortController()
  const reason = new Error('enough')
  const body = async function* () {
    yield new Uint8Array(10)
    await new Promise<never>(() => {})
  }
  const pass = async () => {
    for await (const _ of measure(body(), { signal: stop.signal })) stop.abort(reason)
  }
  await assert.rejects(pass(), (thrown) => thrown === reason)
})

test('does not open a body for a signal that is aborted already', async () => {
  const body = {
    [Symbol.asyncIterator](): never {
      throw new Error('the body was opened')
    },
  }
  const reason = new Error('enough')
  const pass = drain(measure(body, { signal: AbortSignal.abort(reason) }))
  await assert.rejects(pass, (thrown) => thrown === reason)
})

test('lets the body go when its reader leaves', async () => {
  const body = endlessBody()
  for await (const _ of measure(body.iterable)) break
  assert.equal(body.state.isReleased, true)
})

interface Overrides {
  readonly hasher?: ReturnType<typeof createObjectHasher>
  readonly maxBytes?: number
  readonly signal?: AbortSignal
}

function measure(body: AsyncIterable<Uint8Array>, overrides: Overrides = {}) {
  const hasher = createObjectHasher(1000)
  const signal = new AbortController().signal
  return measureBody(body, { hasher, signal, maxBytes: Number.POSITIVE_INFINITY, ...overrides })
}

function endlessBody() {
  const state = { yielded: 0, isReleased: false }
  const iterable = (async function* () {
    try {
      for (;;) {
        state.yielded += 1
        yield new Uint8Array(1000)
      }
    } finally {
      state.isReleased = true
    }
  })()
  return { state, iterable }
}

async function* from(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

async function drain(slices: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of slices);
}
