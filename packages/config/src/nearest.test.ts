import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from './nearest.ts'

const keys = ['schedule', 'storage', 'source', 'sources', 'runsOn', 'retention']

test('finds the word that was meant', () => {
  assert.equal(nearest('shcedule', keys), 'schedule')
  assert.equal(nearest('storages', keys), 'storage')
  assert.equal(nearest('runs_on', keys), 'runsOn')
  assert.equal(nearest('RETENTION', keys), 'retention')
})

test('finds nothing where nothing is close', () => {
  assert.equal(nearest('frequency', keys), undefined)
  assert.equal(nearest('', keys), undefined)
  assert.equal(nearest('x', []), undefined)
})
