import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isStorageError } from '../errors.ts'
import { createMemoryStorage } from '../memory-storage.ts'
import { type Fault, faulty } from './faulty.ts'

const bytes = Buffer.from('x')

test('fails exactly the call that the script names', async () => {
  const { storage } = scripted({ on: 'put', nth: 3, fail: 'unavailable' })
  await storage.put('a', bytes)
  await storage.put('b', bytes)
  await assert.rejects(storage.put('c', bytes), (error) => isStorageError(error, 'unavailable'))
  await storage.put('d', bytes)
})

test('fails before the store is asked, or after it did what it was asked', async () => {
  const before = scripted({ on: 'put', fail: 'unavailable' })
  await assert.rejects(before.storage.put('a', bytes))
  await assert.rejects(before.inner.head('a'), (error) => isStorageError(error, 'not-found'))
  const after = scripted({ on: 'put', fail: 'unknown-outcome', when: 'after' })
  await assert.rejects(after.storage.put('a', bytes))
  assert.equal((await after.inner.head('a')).bytes, 1)
})

test('throws the very error that the script gives', async () => {
  const error = new Error('out of the blue')
  const { storage } = scripted({ on: 'head', fail: error })
  await assert.rejects(storage.head('a'), (thrown) => thrown === error)
})

test('fails a listing after so many entries', async () => {
  const { storage, inner } = scripted({ on: 'list', fail: 'network', when: 2 })
  for (const key of ['a', 'b', 'c']) await inner.put(key, bytes)
  const seen: string[] = []
  const reading = async () => {
    for await (const { key } of storage.list('')) seen.push(key)
  }
  await assert.rejects(reading(), (error) => isStorageError(error, 'network'))
  assert.deepEqual(seen, ['a', 'b'])
})

test('hangs until the signal is aborted', async () => {
  const { storage } = scripted({ on: 'get', fail: 'hang' })
  const stop = new AbortController()
  const reason = new Error('enough')
  setImmediate(() => stop.abort(reason))
  await assert.rejects(storage.get('a', { signal: stop.signal }), (thrown) => thrown === reason)
})

function scripted(fault: Fault) {
  const inner = createMemoryStorage()
  return { inner, storage: faulty(inner, { faults: [fault] }) }
}
