import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { silentLogger } from '@backstream/kernel'
import { isStorageError, type StorageErrorCode } from '../errors.ts'
import { createMemoryStorage } from '../memory-storage.ts'
import type { ListedObject, Storage } from '../storage.ts'
import { type Fault, faulty } from './faulty.ts'
import { retrying } from './retrying.ts'

const ours = Buffer.from('ours')
const theirs = Buffer.from('not ours')

describe('retrying', () => {
  test('repeats each kind of request, each as itself', async () => {
    const methods = ['head', 'get', 'put', 'delete', 'abortUpload'] as const
    const faults = methods.flatMap((on): Fault[] => [
      { on, nth: 1, fail: 'throttled' },
      { on, nth: 2, fail: 'timeout' },
    ])
    const { storage, inner } = scripted(faults)
    await storage.put('a', ours)
    assert.equal((await storage.head('a')).bytes, ours.byteLength)
    assert.equal((await storage.get('a')).totalBytes, ours.byteLength)
    await storage.abortUpload('a', 'upload')
    await storage.delete('a')
    await rejectsWith('not-found', inner.head('a'))
  })

  test('gives up in the end, with the last error', async () => {
    const { storage } = scripted([{ on: 'head', fail: 'unavailable' }])
    await rejectsWith('unavailable', storage.head('a'))
  })

  test('sends an upload once, whatever comes of it', async () => {
    const { storage } = scripted([{ on: 'upload', nth: 1, fail: 'unavailable' }])
    const body = async function* () {
      yield ours
    }
    await rejectsWith('unavailable', storage.upload('a', body(), {}))
    await storage.upload('a', body(), {})
  })
})

describe('a conditional put, retried', () => {
  test('is a success when it was done and the answer was lost', async () => {
    const { storage, inner } = scripted([
      { on: 'put', nth: 1, fail: 'unknown-outcome', when: 'after' },
    ])
    const stored = await storage.put('slot', ours, { ifAbsent: true })
    const { etag, versionId } = await inner.head('slot')
    assert.deepEqual({ etag: stored.etag, versionId: stored.versionId }, { etag, versionId })
    assert.equal(stored.bytes, ours.byteLength)
  })

  test('is a success when a try that was said to have failed had been done', async () => {
    const { storage } = scripted([{ on: 'put', nth: 1, fail: 'unavailable', when: 'after' }])
    assert.equal((await storage.put('slot', ours, { ifAbsent: true })).bytes, ours.byteLength)
  })

  test('is sent again when it was not done', async () => {
    const { storage, inner } = scripted([{ on: 'put', nth: 1, fail: 'unknown-outcome' }])
    await storage.put('slot', ours, { ifAbsent: true })
    assert.equal((await inner.head('slot')).bytes, ours.byteLength)
  })

  test("does not take another's object for its own", async () => {
    const { storage, inner } = scripted([{ on: 'put', nth: 1, fail: 'unknown-outcome' }])
    await inner.put('slot', theirs)
    await rejectsWith('already-exists', storage.put('slot', ours, { ifAbsent: true }))
    await rejectsWith('already-exists', storage.put('slot', ours, { ifAbsent: true }))
  })

  test('believes the first answer that there is an object, even one like its own', async () => {
    const { storage, inner } = scripted([])
    await inner.put('slot', ours)
    await rejectsWith('already-exists', storage.put('slot', ours, { ifAbsent: true }))
  })

  test('says that it does not know when it cannot look either', async () => {
    const { storage } = scripted([
      { on: 'put', fail: 'unknown-outcome', when: 'after' },
      { on: 'get', fail: 'unavailable' },
    ])
    await rejectsWith('unknown-outcome', storage.put('slot', ours, { ifAbsent: true }))
  })

  test('says that it does not know when it never shows', async () => {
    const { storage } = scripted([{ on: 'put', fail: 'unknown-outcome' }])
    await rejectsWith('unknown-outcome', storage.put('slot', ours, { ifAbsent: true }))
  })

  test('passes a refusal on at once', async () => {
    const { storage } = scripted([
      { on: 'put', nth: 1, fail: 'access-denied' },
      { on: 'get', fail: new Error('it was looked for') },
    ])
    await rejectsWith('access-denied', storage.put('slot', ours, { ifAbsent: true }))
  })
})

describe('a listing, retried', () => {
  const places: readonly Fault['when'][] = ['before', 1, 2, 3, 'after']
  for (const when of places) {
    test(`goes on where it broke off, at ${when}`, async () => {
      for (const on of ['list', 'listLevel', 'listVersions', 'listUploads'] as const) {
        const { storage, inner } = scripted([{ on, nth: 1, fail: 'network', when: when! }])
        for (const key of ['a', 'b', 'b', 'c']) {
          await inner.put(key, ours)
          await leaveUpload(inner, key)
        }
        const entries = await collect<unknown>(storage[on](''))
        assert.deepEqual(entries, await collect<unknown>(inner[on]('')), on)
      }
    })
  }

  test('counts attempts anew after each entry that came through', async () => {
    const faults = Array.from({ length: 8 }, (_, index): Fault => {
      return { on: 'list', nth: index + 1, fail: 'network', when: index + 1 }
    })
    const { storage, inner } = scripted(faults)
    for (const key of 'abcdefgh') await inner.put(key, ours)
    assert.equal((await collect(storage.list(''))).length, 8)
  })

  test('leaves nothing out of a store that keeps no order', async () => {
    const { storage } = scripted([], unordered)
    assert.deepEqual(await collect(storage.list('')), shuffled)
  })

  test('does not go on where there is no order to go on by', async () => {
    const { storage } = scripted([{ on: 'list', nth: 1, fail: 'network', when: 2 }], unordered)
    await rejectsWith('network', collect(storage.list('')))
  })

  test('gives up when nothing comes through any more', async () => {
    const { storage } = scripted([{ on: 'list', fail: 'network' }])
    await rejectsWith('network', collect(storage.list('')))
  })
})

const shuffled = ['b', 'a', 'c'].map((key): ListedObject => {
  return { kind: 'object', key, bytes: 1, etag: undefined, lastModifiedMs: 0 }
})

const unordered: Partial<Storage> = {
  async *list() {
    yield* shuffled
  },
}

function scripted(faults: readonly Fault[], overrides: Partial<Storage> = {}) {
  const inner = { ...createMemoryStorage({ versioned: true, partBytes: 10 }), ...overrides }
  const storage = retrying(faulty(inner, { faults }), {
    attempts: 3,
    sleep: async () => {},
    logger: silentLogger,
  })
  return { storage, inner }
}

async function leaveUpload(storage: Storage, key: string): Promise<void> {
  const body = async function* () {
    yield Buffer.alloc(11)
    throw new Error('the dump ended badly')
  }
  await assert.rejects(storage.upload(key, body(), {}))
}

async function collect<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const entry of entries) all.push(entry)
  return all
}

async function rejectsWith(code: StorageErrorCode, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(isStorageError(error), String(error))
    assert.equal(error.code, code, error.message)
    return true
  })
}
