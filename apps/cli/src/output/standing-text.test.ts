import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { standingInWords } from './standing-text.ts'

test('a standing says what counts, first what speaks against it', () => {
  const facts = { status: 'good', isPinned: false, isAccepted: false, verified: null } as const
  equal(standingInWords(facts), 'good')
  equal(
    standingInWords({ ...facts, status: 'suspect', isAccepted: true, isPinned: true }),
    'suspect, accepted, pinned',
  )
  const verified = { atMs: 0, depth: 'deep', isRefuted: true, tookMs: null } as const
  equal(standingInWords({ ...facts, verified }), 'refuted')
})
