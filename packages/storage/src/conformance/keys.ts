import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bytesOf, collect, readAll, rejectsWith } from './arrange.ts'
import type { StorageFactory } from './subject.ts'

const oddKeys = [
  ' leading and trailing ',
  'a b+c%20d%2Fe',
  'ampersand&lt;<tag>"quote"\'',
  'dots/..two/three...',
  'double//slash',
  'equals=?query#fragment;x',
  'new\nline\tand\u0001control',
  'trailing/',
  'ümlaut/日本語/🎒',
  '~!@$^*(){}[]|\\:,`',
]
const refusedKeys = ['', '/leading', 'a/../b', '../a', 'a/.', 'nul\0', 'x'.repeat(1025)]

export function describeKeys(factory: StorageFactory): void {
  describe('keys', () => {
    test('keeps odd keys exactly, in every kind of listing', async () => {
      await using subject = await factory()
      const { storage } = subject
      for (const key of oddKeys) await storage.put(key, bytesOf(key))
      for (const key of oddKeys) {
        assert.equal((await readAll(await storage.get(key))).toString(), key)
      }
      const inOrder = oddKeys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      assert.deepEqual(await keysOf(storage.list('')), inOrder)
      assert.deepEqual(await keysOf(storage.list('', { pageSize: 3 })), inOrder)
      assert.deepEqual(await keysOf(storage.listVersions('', { pageSize: 3 })), inOrder)
      for (const key of oddKeys) await storage.delete(key)
      assert.deepEqual(await keysOf(storage.list('')), [])
    })

    test('refuses keys that could mean another object', async () => {
      await using subject = await factory()
      const { storage } = subject
      for (const key of refusedKeys) {
        await rejectsWith('invalid-request', storage.put(key, bytesOf('x')))
        await rejectsWith('invalid-request', storage.head(key))
        await rejectsWith('invalid-request', storage.get(key))
        await rejectsWith('invalid-request', storage.delete(key))
        await rejectsWith('invalid-request', storage.abortUpload(key, 'upload'))
        await rejectsWith('invalid-request', storage.upload(key, noBody(), {}))
      }
      await rejectsWith('invalid-request', collect(storage.list('/')))
      assert.deepEqual(await keysOf(storage.list('')), [])
    })
  })
}

async function* noBody(): AsyncGenerator<Uint8Array> {}

async function keysOf(entries: AsyncIterable<{ key: string }>): Promise<string[]> {
  return (await collect(entries)).map((entry) => entry.key)
}
