import assert from 'node:assert/strict'
import { test } from 'node:test'
import { archiveKey, attemptOfKey, indexKey, restoreGuideKey, slotKey } from './layout.ts'

const plan = 'media'
const backup = '20261123T031500Z-000042'
const zstd = { algorithm: 'zstd', isEncrypted: false } as const
const sealed = { algorithm: 'zstd', isEncrypted: true } as const

test('every key that is made is recognised as of its attempt', () => {
  const keys = [
    slotKey(plan, backup),
    indexKey({ plan, backup }, zstd),
    indexKey({ plan, backup }, sealed),
    restoreGuideKey(plan, backup),
    archiveKey({ plan, backup }, zstd, 0),
    archiveKey({ plan, backup }, { algorithm: 'gzip', isEncrypted: false }, 1),
    archiveKey({ plan, backup }, sealed, 0),
    archiveKey({ plan, backup }, sealed, 2),
    archiveKey({ plan, backup }, { algorithm: 'none', isEncrypted: false }, 1234),
    `${plan}/${backup}/notes/20261123T040000Z-pin.json`,
  ]
  for (const key of keys) assert.deepEqual(attemptOfKey(key), { plan, backup }, key)
})

test('keys of another shape belong to nobody', () => {
  const keys = [
    'backstream.json',
    `${plan}/${backup}`,
    `${plan}/${backup}/archive.tar.zst.bak`,
    `${plan}/20261399T031500Z-000042.json`,
    `other/${plan}/${backup}.json`,
    `${plan}/${backup}/../x`,
  ]
  for (const key of keys) assert.equal(attemptOfKey(key), undefined, key)
})

test('volumes are named so that their names sort in order', () => {
  const at = { plan, backup }
  assert.equal(archiveKey(at, zstd, 0), `${plan}/${backup}/archive.tar.zst`)
  assert.equal(archiveKey(at, zstd, 12), `${plan}/${backup}/archive.tar.zst.012`)
})

test('what is encrypted says so behind what it is compressed by, before its number', () => {
  const at = { plan, backup }
  assert.equal(archiveKey(at, sealed, 0), `${plan}/${backup}/archive.tar.zst.age`)
  assert.equal(archiveKey(at, sealed, 1), `${plan}/${backup}/archive.tar.zst.age.001`)
  assert.equal(indexKey(at, sealed), `${plan}/${backup}/index.zst.age`)
})
