import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CommittedResult } from '@backstream/jobs'
import type { RunEvent, RunProducer, RunRef, RunSummary } from '@backstream/queue'
import { CliError } from '../cli-error.ts'
import type { ProgressView } from '../output/progress-view.ts'
import { exitStatusOfRun, followRun } from './follow-run.ts'

const ref: RunRef = { plan: 'home', queue: 'backups', jobId: 'home-1' }
const run = {
  ref,
  attemptsMade: 1,
  attempts: 3,
  dueAtMs: null,
} as RunSummary
const result: CommittedResult = {
  outcome: 'committed',
  plan: 'home',
  backup: '20261124T031500Z-000001',
  status: 'good',
  bytes: 1,
  entries: 1,
  storedBytes: 1,
  durationMs: 1,
  warnings: 0,
}

/** A producer whose run goes through these events; an error among them is thrown there. */
function producing(...rounds: readonly (readonly (RunEvent | Error)[])[]): RunProducer {
  let round = 0
  return {
    workersOf: async () => [],
    async *watchRun() {
      for (const event of rounds[round++] ?? []) {
        if (event instanceof Error) throw event
        yield event
      }
    },
  } as unknown as RunProducer
}

function collecting(): { view: ProgressView; said: string[]; shown: string[] } {
  const said: string[] = []
  const shown: string[] = []
  const view: ProgressView = {
    set: (_name, { text }) => void shown.push(text),
    say: (line) => void said.push(line),
    stop: () => {},
  }
  return { view, said, shown }
}

const signal = new AbortController().signal
const describeNothing = () => 'at work'

describe('followRun', () => {
  it('ends with the result of a run that was committed', async () => {
    const { view } = collecting()
    const producer = producing([
      { kind: 'waiting', run },
      { kind: 'active', run },
      { kind: 'completed', result, run },
    ])
    const outcome = await followRun(ref, { producer, view, signal, describe: describeNothing })
    deepEqual(outcome, {
      plan: 'home',
      run: 'home-1',
      queue: 'backups',
      outcome: 'committed',
      result,
      cause: null,
    })
    equal(exitStatusOfRun(outcome), 0)
  })

  it('says why an attempt failed, and ends with the cause of the last one', async () => {
    const { view, said } = collecting()
    const producer = producing([
      { kind: 'retrying', reason: 'no route to host', run },
      { kind: 'failed', reason: 'access denied', run },
    ])
    const outcome = await followRun(ref, { producer, view, signal, describe: describeNothing })
    deepEqual(said, ['home: attempt 1 of 3 failed: no route to host; next attempt soon'])
    equal(outcome.cause, 'access denied')
    equal(exitStatusOfRun(outcome), 1)
  })

  it('takes neither a skipped run nor a suspect backup for success, nor for failure', () => {
    const base = { plan: 'home', run: 'x', queue: 'backups', cause: null } as const
    const skipped = { outcome: 'skipped', plan: 'home', reason: 'x', byRun: null } as const
    const suspect = { ...result, status: 'suspect' } as const
    equal(exitStatusOfRun({ ...base, outcome: 'skipped', result: skipped }), 3)
    equal(exitStatusOfRun({ ...base, outcome: 'committed', result: suspect }), 3)
    equal(exitStatusOfRun({ ...base, outcome: 'gone', result: null }), 1)
  })

  it('goes on watching after an outage', async () => {
    const { view, said } = collecting()
    const producer = producing(
      [new Error('connection is closed')],
      [{ kind: 'completed', result, run }],
    )
    const outcome = await followRun(ref, {
      producer,
      view,
      signal,
      describe: describeNothing,
      outagePauseMs: 1,
    })
    equal(outcome.outcome, 'committed')
    deepEqual(said, ['home: Redis does not answer; asking again'])
  })

  it('says that no worker serves the queue, and which command starts one', async () => {
    const { view, said } = collecting()
    const stop = new AbortController()
    const producer = {
      workersOf: async () => [],
      async *watchRun() {
        yield { kind: 'waiting', run }
        await new Promise((resolve) => stop.signal.addEventListener('abort', resolve))
      },
    } as unknown as RunProducer
    const followed = followRun(
      { ...ref, queue: 'backups.nas' },
      {
        producer,
        view: {
          ...view,
          say: (line) => {
            view.say(line)
            stop.abort(new CliError('interrupted', 'interrupted'))
          },
        },
        signal: stop.signal,
        describe: describeNothing,
        noWorkerAfterMs: 1,
      },
    )
    await rejects(followed, { code: 'interrupted' })
    deepEqual(said, [
      'home: no worker serves the queue backups.nas: start one with `backstream worker --name nas`',
    ])
  })
})
