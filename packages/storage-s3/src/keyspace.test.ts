import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isStorageError } from '@backstream/storage'
import { createKeyspace } from './keyspace.ts'

test('puts the prefix before keys and takes it off again', () => {
  const keys = createKeyspace('/prod/eu/')
  assert.equal(keys.toObjectKey('plan/a b'), 'prod/eu/plan/a b')
  assert.equal(keys.toListPrefix(''), 'prod/eu/')
  assert.equal(keys.toListPrefix('plan/'), 'prod/eu/plan/')
  assert.equal(keys.toRelative('prod/eu/plan/a b'), 'plan/a b')
})

test('adds nothing at the root of the bucket', () => {
  const keys = createKeyspace('')
  assert.equal(keys.toObjectKey('plan/a'), 'plan/a')
  assert.equal(keys.toListPrefix(''), '')
  assert.equal(keys.toRelative('plan/a'), 'plan/a')
})

test('lets no key out of the prefix', () => {
  const keys = createKeyspace('prod')
  for (const key of ['', '/x', '../x', 'a/../../x', './x']) {
    assert.throws(
      () => keys.toObjectKey(key),
      (error) => isStorageError(error, 'invalid-request'),
      key,
    )
  }
  assert.throws(() => keys.toListPrefix('/'))
  assert.throws(() => createKeyspace('prod/../other'))
})

test('counts the prefix in the length of a key', () => {
  const keys = createKeyspace('x'.repeat(1000))
  assert.ok(keys.toObjectKey('y'.repeat(23)))
  assert.throws(() => keys.toObjectKey('y'.repeat(24)))
})

test('refuses what a store lists beside the prefix', () => {
  const keys = createKeyspace('prod')
  assert.throws(
    () => keys.toRelative('production/x'),
    (error) => isStorageError(error, 'unavailable'),
  )
})
