import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAgeIdentities } from '@backstream/archive'
import { createMemoryStorage, type Storage } from '@backstream/storage'
import { runOf, type SampleEntry, sourceOf } from './backup-samples.ts'
import type { Manifest } from './manifest.ts'
import { type IndexLoss, openBackup } from './open-backup.ts'
import { planRestore } from './restore.ts'
import { runBackup } from './run-backup.ts'

const { signal } = new AbortController()
const identities = parseAgeIdentities(
  'AGE-SECRET-KEY-1N0KMFR3M2AQMTLRJ7745SDSPLSKZX8XVYAM62AYUGH7E5JHLV06QWA59TU',
)
const entries: readonly SampleEntry[] = [
  { path: 'a', type: 'directory' },
  { path: 'a/one', content: 'first' },
  { path: 'a/two', content: 'second' },
]

async function backUp(
  algorithm: 'zstd' | 'gzip',
  isEncrypted = false,
): Promise<{ readonly storage: Storage; readonly manifest: Manifest }> {
  const storage = createMemoryStorage()
  const { deps, request } = runOf(storage, sourceOf({ entries }))
  const recipients = identities.map(({ recipient }) => recipient.text)
  const encryption = isEncrypted ? { recipients } : null
  const plan = { ...request.plan, compression: { algorithm, level: 1 }, encryption }
  return { storage, manifest: await runBackup(deps, { ...request, plan }) }
}

async function gather<T>(items: AsyncIterable<T>): Promise<T[]> {
  const gathered: T[] = []
  for await (const item of items) gathered.push(item)
  return gathered
}

const blows = {
  missing: (storage: Storage, { index }: Manifest) => storage.delete(index.key),
  damaged: (storage: Storage, { index }: Manifest) =>
    storage.put(index.key, Buffer.alloc(index.bytes, 'x')),
}

for (const [what, strike] of Object.entries(blows)) {
  for (const isEncrypted of [false, true]) {
    test(`an index that is ${what} is made anew, if somebody is there to be told${isEncrypted ? ' (encrypted)' : ''}`, async () => {
      const { storage, manifest } = await backUp('zstd', isEncrypted)
      await strike(storage, manifest)
      await assert.rejects(openBackup(storage, manifest, { signal, identities }))

      const losses: IndexLoss[] = []
      const onIndexLost = (loss: IndexLoss) => void losses.push(loss)
      const backup = await openBackup(storage, manifest, { signal, identities, onIndexLost })
      assert.equal(losses.length, 1)
      assert.equal(losses[0]?.bytes, manifest.archives[0]?.bytes)
      const found = await gather(backup.entriesBelow('a'))
      assert.deepEqual(
        found.map(({ path }) => path),
        ['a', 'a/one', 'a/two'],
      )
      for await (const { content } of backup.read(found.slice(2))) {
        assert.equal(Buffer.concat(await gather(content)).toString(), 'second')
      }
    })
  }
}

test('a source is restored of an encrypted backup whose index, which alone names it, is lost', async () => {
  const { storage, manifest } = await backUp('zstd', true)
  await storage.delete(manifest.index.key)
  const order = { manifest, to: '/nowhere', signal, identities, keepOwners: false }
  const onIndexLost = () => {}
  const plan = await planRestore(storage, { ...order, source: 'a', onIndexLost })
  assert.equal(plan.found.entries, 3)
  await assert.rejects(planRestore(storage, { ...order, source: 'b', onIndexLost }), {
    code: 'no-such-path',
  })
})

test('without an index, gzip is to be restored whole, and that is said', async () => {
  const { storage, manifest } = await backUp('gzip')
  await storage.delete(manifest.index.key)
  const onIndexLost = () => assert.fail('nothing can be read in its place')
  await assert.rejects(
    openBackup(storage, manifest, { signal, identities, onIndexLost }),
    (error: Error & { remedy?: string }) => {
      assert.match(error.message, /^The index of .* is lost/)
      assert.match(error.remedy ?? '', /restore all of it/)
      return true
    },
  )
})

test('a key that is wrong is no lost index', async () => {
  const { storage, manifest } = await backUp('zstd', true)
  const others = parseAgeIdentities(
    'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX',
  )
  const onIndexLost = () => assert.fail('the key is wrong')
  await assert.rejects(openBackup(storage, manifest, { signal, identities: others, onIndexLost }), {
    code: 'identity-wrong',
  })
})
