import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RunProgress } from '@backstream/jobs'
import { RunBell } from './run-bell.ts'
import type { RunSummary } from './run-summary.ts'
import { type RunEvent, watchRun } from './watch-run.ts'

const ref = { queue: 'backups', jobId: 'one', plan: 'media' }

describe('watching a run', () => {
  it('tells each thing that happens once, and ends with the end', async () => {
    const events = await watched([
      runAt({ state: 'waiting' }),
      runAt({ state: 'waiting' }),
      runAt({ state: 'active' }),
      runAt({ state: 'active', progress: progressAt(1) }),
      runAt({ state: 'active', progress: progressAt(1) }),
      runAt({ state: 'delayed', attemptsMade: 1, failedReason: 'no luck' }),
      runAt({ state: 'active', attemptsMade: 1, failedReason: 'no luck' }),
      runAt({ state: 'completed', attemptsMade: 2 }),
      runAt({ state: 'active' }),
    ])
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['waiting', 'active', 'progress', 'retrying', 'active', 'completed'],
    )
  })

  it('tells of the end alone when the run has ended before', async () => {
    const events = await watched([
      runAt({ state: 'failed', attemptsMade: 3, failedReason: 'no luck' }),
    ])
    assert.deepEqual(
      events.map((event) => [event.kind, event.kind === 'failed' && event.reason]),
      [['failed', 'no luck']],
    )
  })

  it('says when the run is gone', async () => {
    const events = await watched([runAt({ state: 'waiting' }), undefined])
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['waiting', 'gone'],
    )
  })

  it('looks at once when the bell is rung, and only then before its time', async () => {
    const bell = new RunBell()
    const looks = [runAt({ state: 'active' }), runAt({ state: 'completed' })]
    let isRung = false
    const read = async () => {
      assert.equal(isRung, looks.length === 1)
      isRung = true
      // While it is being looked at, too.
      bell.ring()
      return looks.shift()
    }
    const kinds: string[] = []
    for await (const { kind } of watchRun(read, ref, { everyMs: 60_000, bell })) kinds.push(kind)
    assert.deepEqual(kinds, ['active', 'completed'])
  })

  it('ends without a word when nobody wants to know any more', async () => {
    const stop = new AbortController()
    const kinds: string[] = []
    const read = async () => runAt({ state: 'waiting' })
    for await (const event of watchRun(read, ref, { signal: stop.signal, everyMs: 60_000 })) {
      kinds.push(event.kind)
      stop.abort()
    }
    assert.deepEqual(kinds, ['waiting'])
  })
})

async function watched(looks: readonly (RunSummary | undefined)[]): Promise<RunEvent[]> {
  const left = [...looks]
  const events: RunEvent[] = []
  for await (const event of watchRun(async () => left.shift(), ref, { everyMs: 1 })) {
    events.push(event)
  }
  return events
}

function runAt(run: Partial<RunSummary>): RunSummary {
  return {
    ref,
    jobName: 'backup.run',
    state: 'waiting',
    trigger: 'manual',
    attemptsMade: 0,
    attempts: 3,
    failedReason: null,
    createdAtMs: 0,
    scheduledForMs: null,
    startedAtMs: null,
    finishedAtMs: null,
    dueAtMs: null,
    progress: null,
    result: null,
    ...run,
  }
}

function progressAt(bytesRead: number): RunProgress {
  return {
    phase: 'streaming',
    bytesRead,
    bytesStored: 0,
    entries: 0,
    bytesTotal: null,
    percent: null,
    bytesPerSecond: 0,
    etaSeconds: null,
  }
}
