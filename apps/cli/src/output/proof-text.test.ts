import assert from 'node:assert/strict'
import { test } from 'node:test'
import { proofInWords } from './proof-text.ts'

const drill = { backup: '', atMs: 0, isRestored: true, restoreMs: 12_000, failed: [] }

test('the proof of a plan says when a backup was opened last, and what the last drill took', () => {
  const dayMs = 86_400_000
  assert.equal(proofInWords({ openedAtMs: null, drill: null }, dayMs), 'never')
  assert.equal(proofInWords({ openedAtMs: 0, drill: null }, 2 * dayMs), 'opened 2d ago')
  const passed = { ...drill, isPassed: true }
  assert.equal(proofInWords({ openedAtMs: 0, drill: passed }, dayMs), 'opened 1d ago, drill 12s')
  const failed = { ...drill, isPassed: false, failed: ['command'] }
  assert.match(proofInWords({ openedAtMs: 0, drill: failed }, dayMs), /drill FAILED 1d ago/)
})
