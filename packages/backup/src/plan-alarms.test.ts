import { deepEqual, equal, match, notEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Manifest } from './manifest.ts'
import { decideAlarms, recoveryByBackup, type Told, type WatchedPlan } from './plan-alarms.ts'
import type { BackupStanding } from './standing.ts'

const hour = 3_600_000
const now = Date.parse('2026-11-24T12:00:00Z')

function standing(ageMs: number, over: Partial<BackupStanding> = {}): BackupStanding {
  const at = new Date(now - ageMs).toISOString()
  const isGood = over.isGood ?? true
  const manifest = {
    plan: 'media',
    backup: `b-${ageMs / hour}h`,
    status: isGood ? 'good' : 'suspect',
    suspect: [{ rule: 'shrink', expected: 'at least 10 bytes', found: '2 bytes' }],
    run: { startedAt: at, finishedAt: at },
  } as unknown as Manifest
  return {
    ...{ manifest, isGood, isPinned: false, isAccepted: false },
    ...{ verified: null, verifiedDeep: null, drill: null, lockedUntilMs: null },
    ...over,
  }
}

function plan(over: Partial<WatchedPlan> = {}): WatchedPlan {
  return {
    plan: 'media',
    overdueAfterMs: 26 * hour,
    standings: [standing(hour)],
    expectedSinceMs: now,
    ...over,
  }
}

function told(event: string, agoMs: number, id: string = `${event}/media/x`): Told {
  return { event, id, atMs: now - agoMs }
}

const eventsOf = (alarms: readonly { readonly event: string }[]) => alarms.map(({ event }) => event)

describe('decideAlarms', () => {
  it('has nothing to say of a plan with a recent good backup', () => {
    const decision = decideAlarms(plan(), [], now)
    deepEqual(decision, { alarms: [], news: [], over: [], recovered: null })
  })

  it('calls a plan overdue once, for as long as the same backup is the newest good one', () => {
    const old = plan({ standings: [standing(27 * hour)] })
    const [alarm] = decideAlarms(old, [], now).news
    equal(alarm?.event, 'overdue')
    match(alarm?.text ?? '', /b-27h, is older than its limit/)
    const again = decideAlarms(old, [told('overdue', hour, alarm?.id)], now)
    deepEqual([eventsOf(again.alarms), again.news], [['overdue'], []])
    const other = plan({ standings: [standing(28 * hour)] })
    equal(decideAlarms(other, [told('overdue', hour, alarm?.id)], now).news.length, 1)
  })

  it('is not overdue at its limit, only beyond', () => {
    deepEqual(decideAlarms(plan({ standings: [standing(26 * hour)] }), [], now).alarms, [])
  })

  it('waits for a first backup as long as for any other', () => {
    const since = (agoMs: number) =>
      plan({ standings: [], expectedSinceMs: now - agoMs, overdueAfterMs: 26 * hour })
    deepEqual(decideAlarms(since(26 * hour), [], now).alarms, [])
    const [alarm] = decideAlarms(since(27 * hour), [], now).alarms
    match(alarm?.text ?? '', /has no good backup/)
    equal(alarm?.backup, null)
  })

  it('knows by a backup that is not good how long a good one has been waited for', () => {
    const standings = [standing(hour, { isGood: false }), standing(30 * hour, { isGood: false })]
    const events = eventsOf(decideAlarms(plan({ standings }), [], now).alarms)
    deepEqual(events, ['overdue', 'suspect'])
  })

  it('never calls a plan without a limit overdue', () => {
    const standings = [standing(9_000 * hour)]
    deepEqual(decideAlarms(plan({ standings, overdueAfterMs: null }), [], now).alarms, [])
  })

  it('tells of a suspect backup why it is, and of each anew, until one is accepted', () => {
    const suspect = standing(0, { isGood: false })
    const [alarm] = decideAlarms(plan({ standings: [suspect, standing(hour)] }), [], now).news
    match(alarm?.text ?? '', /media\/b-0h is suspect; shrink: expected at least 10 bytes/)
    const next = [standing(-hour, { isGood: false }), suspect, standing(hour)]
    const [other] = decideAlarms(
      plan({ standings: next }),
      [told('suspect', 0, alarm?.id)],
      now,
    ).news
    notEqual(other?.id, alarm?.id)
    const accepted = standing(0, { isGood: true, isAccepted: true })
    const after = decideAlarms(plan({ standings: [accepted] }), [told('suspect', hour)], now)
    deepEqual([after.alarms, after.over], [[], ['suspect']])
    match(after.recovered?.text ?? '', /media is well again \(suspect\)/)
  })

  it('tells of a refuted backup, whichever it is', () => {
    const verified = { atMs: now, depth: 'deep', isRefuted: true, tookMs: null } as const
    const standings = [standing(hour), standing(2 * hour, { isGood: false, verified })]
    const [alarm] = decideAlarms(plan({ standings }), [], now).alarms
    deepEqual([alarm?.event, alarm?.backup], ['verify-failed', 'b-2h'])
  })

  it('raises a drill that failed until a newer one has passed', () => {
    const drill = { isRestored: true, restoreMs: 1, failed: ['command'] }
    const failed = standing(2 * hour, { drill: { ...drill, atMs: now - hour, isPassed: false } })
    const [alarm] = decideAlarms(plan({ standings: [standing(hour), failed] }), [], now).alarms
    deepEqual([alarm?.event, alarm?.backup], ['drill-failed', 'b-2h'])
    match(alarm?.text ?? '', /failed: command/)
    const passed = standing(hour, { drill: { ...drill, atMs: now, isPassed: true } })
    deepEqual(decideAlarms(plan({ standings: [passed, failed] }), [], now).alarms, [])
  })

  it('raises a pruning that waits for somebody, once for as long as it does', () => {
    const held = plan({ heldPrune: { going: 9, limit: 5, oldest: 'b-1' } })
    const [alarm] = decideAlarms(held, [], now).news
    equal(alarm?.event, 'prune-held')
    match(alarm?.text ?? '', /9 backups of media would be pruned.*prune media --confirm/)
    const later = plan({ heldPrune: { going: 10, limit: 5, oldest: 'b-1' } })
    deepEqual(decideAlarms(later, [told('prune-held', hour, alarm?.id)], now).news, [])
    const over = decideAlarms(plan(), [told('prune-held', hour, alarm?.id)], now).over
    deepEqual(over, ['prune-held'])
  })

  it('takes a failure for over once a good backup was made after it, and says so once', () => {
    const failed = [told('failed', 2 * hour)]
    equal(decideAlarms(plan({ standings: [standing(3 * hour)] }), failed, now).recovered, null)
    const { over, recovered } = decideAlarms(plan({ standings: [standing(hour)] }), failed, now)
    deepEqual(over, ['failed'])
    match(recovered?.text ?? '', /\(failed\)/)
  })

  it('has not recovered while anything is wrong', () => {
    const standings = [standing(0, { isGood: false }), standing(hour)]
    const decision = decideAlarms(plan({ standings }), [told('failed', 2 * hour)], now)
    deepEqual([decision.over, decision.recovered], [['failed'], null])
  })
})

describe('recoveryByBackup', () => {
  it('says what the watch says, under the same id', () => {
    const troubles = [told('overdue', hour), told('failed', 2 * hour)]
    const byWatch = decideAlarms(plan({ standings: [standing(0)] }), troubles, now).recovered
    deepEqual(recoveryByBackup('media', troubles), byWatch)
    equal(byWatch?.id.startsWith('recovered/media/failed/'), true)
  })

  it('cannot tell of troubles that a backup does not end', () => {
    equal(recoveryByBackup('media', [told('verify-failed', hour)]), null)
    equal(recoveryByBackup('media', []), null)
  })
})
