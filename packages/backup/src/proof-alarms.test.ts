import { deepEqual, equal, match, notEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Manifest } from './manifest.ts'
import { decideAlarms, type WatchedPlan } from './plan-alarms.ts'
import { proofAlarms, type UndoneProof } from './proof-alarms.ts'
import type { BackupStanding } from './standing.ts'

const hour = 3_600_000
const now = Date.parse('2026-11-24T12:00:00Z')
const at = new Date(now - hour).toISOString()
const away = 'connect ECONNREFUSED'

function standing(over: Partial<BackupStanding> = {}): BackupStanding {
  const run = { startedAt: at, finishedAt: at }
  const manifest = { plan: 'media', backup: 'b-1', status: 'good', suspect: [], run }
  return {
    ...{ isGood: true, isPinned: false, isAccepted: false, lockedUntilMs: null },
    ...{ verified: null, verifiedDeep: null, drill: null },
    manifest: manifest as unknown as Manifest,
    ...over,
  }
}

function watched(
  undone: readonly UndoneProof[],
  over: Partial<BackupStanding> = {},
): WatchedPlan & { readonly standings: readonly BackupStanding[] } {
  const nothingElse = { plan: 'media', overdueAfterMs: null, expectedSinceMs: now }
  return { ...nothingElse, standings: [standing(over)], undone }
}

function undoneDrill(agoMs: number): UndoneProof {
  return { kind: 'drill', sinceMs: now - agoMs, why: away }
}

function drillAt(agoMs: number, isPassed: boolean): Partial<BackupStanding> {
  const failed = isPassed ? [] : ['restore']
  return { drill: { atMs: now - agoMs, isPassed, isRestored: isPassed, restoreMs: 1, failed } }
}

describe('a drill or verification that could not be done', () => {
  it('raises the alarm of one that failed, with the reason', () => {
    const [alarm, ...others] = proofAlarms(watched([undoneDrill(hour)]))
    deepEqual([alarm?.event, alarm?.backup, others], ['drill-failed', null, []])
    match(alarm?.text ?? '', /a drill of media could not be done: connect ECONNREFUSED/)
    const verify = { kind: 'verify', sinceMs: now, why: away } as const
    const [other] = proofAlarms(watched([verify]))
    deepEqual(
      [other?.event, other?.text.includes('a verification of media')],
      ['verify-failed', true],
    )
  })

  it('is one trouble, however many more cannot be done, until there is a verdict', () => {
    const [first] = proofAlarms(watched([undoneDrill(9 * hour)]))
    const [second] = proofAlarms(watched([undoneDrill(hour)]))
    equal(second?.id, first?.id)
    const between = drillAt(5 * hour, true)
    notEqual(proofAlarms(watched([undoneDrill(hour)], between))[0]?.id, first?.id)
  })

  it('is over with a newer drill that passed, and is told so', () => {
    const [alarm] = proofAlarms(watched([undoneDrill(2 * hour)]))
    const told = [{ event: 'drill-failed', id: alarm?.id ?? '', atMs: now - hour }]
    const { over, recovered } = decideAlarms(
      watched([undoneDrill(2 * hour)], drillAt(hour, true)),
      told,
      now,
    )
    deepEqual(over, ['drill-failed'])
    match(recovered?.text ?? '', /media is well again \(drill-failed\)/)
  })

  it('is over with a verdict of the same second, since notes are named by the second', () => {
    const sinceMs = now + 900
    deepEqual(proofAlarms(watched([{ kind: 'drill', sinceMs, why: away }], drillAt(0, true))), [])
  })

  it('does not hide what was found, nor is it told beside that', () => {
    const [alarm, ...others] = proofAlarms(watched([undoneDrill(0)], drillAt(hour, false)))
    deepEqual([alarm?.backup, others], ['b-1', []])
    match(alarm?.text ?? '', /failed: restore/)
  })

  it('that was to open a backup is not made up for by comparing bytes', () => {
    const deep = { kind: 'verify-deep', sinceMs: now - hour, why: away } as const
    const fact = { atMs: now, isRefuted: false, tookMs: 1 }
    const stored = { verified: { ...fact, depth: 'stored' } } as const
    equal(proofAlarms(watched([deep], stored)).length, 1)
    const opened = { verifiedDeep: { ...fact, depth: 'deep' } } as const
    deepEqual(proofAlarms(watched([deep], { ...stored, ...opened })), [])
    deepEqual(proofAlarms(watched([{ ...deep, kind: 'verify' }], stored)), [])
  })
})
