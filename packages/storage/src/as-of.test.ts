import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '@backstream/kernel'
import { asOf } from './as-of.ts'
import { isStorageError } from './errors.ts'
import { createMemoryStorage } from './memory-storage.ts'
import type { Storage } from './storage.ts'

const text = (value: string) => new TextEncoder().encode(value)

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

async function read(storage: Storage, key: string): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of (await storage.get(key)).body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** At 1000 s two keys; at 2000 s one is replaced, the other removed, and a third comes. */
async function versioned(): Promise<Storage> {
  let ms = 1_000_000
  const clock: Clock = { now: () => ms, monotonicMs: () => ms }
  const storage = createMemoryStorage({ versioned: true, clock })
  await storage.put('a/one', text('first'))
  await storage.put('a/two', text('gone'))
  ms = 2_000_000
  await storage.put('a/one', text('second'))
  await storage.delete('a/two')
  await storage.put('b', text('late'))
  return storage
}

test('shows what was there then, replaced and removed since or not', async () => {
  const storage = await versioned()
  const before = asOf(storage, 1_500_000)
  assert.equal(await read(before, 'a/one'), 'first')
  assert.equal(await read(before, 'a/two'), 'gone')
  assert.equal(await read(asOf(storage, 2_500_000), 'a/one'), 'second')
  await assert.rejects(before.get('b'), (error) => isStorageError(error, 'not-found'))
  const removed = asOf(storage, 2_500_000).head('a/two')
  await assert.rejects(removed, (error) => isStorageError(error, 'not-found'))
})

test('lists it, also level by level, and nothing from before there was anything', async () => {
  const storage = await versioned()
  const keys = async (at: number) => (await all(asOf(storage, at).list(''))).map(({ key }) => key)
  assert.deepEqual(await keys(500_000), [])
  assert.deepEqual(await keys(1_500_000), ['a/one', 'a/two'])
  assert.deepEqual(await keys(2_500_000), ['a/one', 'b'])
  const level = await all(asOf(storage, 2_500_000).listLevel(''))
  assert.deepEqual(
    level.map((item) => (item.kind === 'prefix' ? item.prefix : item.key)),
    ['a/', 'b'],
  )
})

test('changes nothing', async () => {
  const past = asOf(await versioned(), 1_500_000)
  await assert.rejects(past.put('a/one', text('x')), /nothing can be changed/)
  await assert.rejects(past.delete('a/one'), /nothing can be changed/)
})
