import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { BackupStanding } from '@backstream/backup'
import { standingInWords } from './standing-text.ts'

test('a standing says what counts, first what speaks against it', () => {
  const words = (status: 'good' | 'suspect', over: Partial<BackupStanding> = {}) =>
    standingInWords({
      manifest: { status } as BackupStanding['manifest'],
      ...{
        isGood: true,
        isPinned: false,
        isAccepted: false,
        verified: null,
        verifiedDeep: null,
        drill: null,
        lockedUntilMs: null,
      },
      ...over,
    })
  equal(words('good'), 'good')
  equal(words('suspect', { isAccepted: true, isPinned: true }), 'suspect, accepted, pinned')
  const verified = { atMs: 0, depth: 'deep', isRefuted: true, tookMs: null } as const
  equal(words('good', { verified }), 'refuted')
})
