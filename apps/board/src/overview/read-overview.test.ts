import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { planStatus } from '@backstream/backup'
import { type Clock, silentLogger } from '@backstream/kernel'
import { sampleConfig, samplePlan } from '../sample-config.ts'
import { createOverviewReader } from './read-overview.ts'

const config = sampleConfig({ plans: [samplePlan({ name: 'a' }), samplePlan({ name: 'b' })] })
const readQueues = async () => ({ queues: [], bullmq: 'bullmq_job_count 1\n' })

function movableClock() {
  let passedMs = 0
  const clock: Clock = { now: () => 1_000_000 + passedMs, monotonicMs: () => passedMs }
  return {
    clock,
    advance: (ms: number) => {
      passedMs += ms
    },
  }
}

function unreadable(plan: string) {
  const nothing = {
    overdueAfterMs: null,
    backups: null,
    lastRun: null,
    isScheduled: false,
    nextRunMs: null,
  }
  return planStatus({ plan, enabled: true, ...nothing, nowMs: 0 })
}

describe('createOverviewReader', () => {
  it('shares one reading among requests that come close together', async () => {
    let loads = 0
    const source = {
      loadUnknown: async () => [],
      load: async () => {
        loads += 1
        return [unreadable('a')]
      },
    }
    const { clock, advance } = movableClock()
    const read = createOverviewReader({ config, source, readQueues, clock, logger: silentLogger })
    await Promise.all([read(), read(), read()])
    equal(loads, 1)
    advance(60_000)
    await read()
    equal(loads, 2)
  })

  it('knows nothing of any plan once reading fails, whatever was known before', async () => {
    let isBroken = false
    const good = { ...unreadable('a'), state: 'good' } as const
    const source = {
      loadUnknown: async () => [],
      load: async () => {
        if (isBroken) throw new Error('no route to host')
        return [good]
      },
    }
    const { clock, advance } = movableClock()
    const read = createOverviewReader({ config, source, readQueues, clock, logger: silentLogger })
    equal((await read()).plans[0]?.state, 'good')
    isBroken = true
    advance(60_000)
    const { plans } = await read()
    deepEqual(
      plans.map(({ plan, state, words }) => ({ plan, state, words })),
      ['a', 'b'].map((plan) => ({ plan, state: 'unknown', words: 'no route to host' })),
    )
  })

  it('knows nothing of the queues while Redis does not answer', async () => {
    const source = { load: async () => [], loadUnknown: async () => [] }
    const { clock } = movableClock()
    const given = { config, source, clock, logger: silentLogger }
    const broken = () => Promise.reject(new Error('ECONNREFUSED'))
    const away = await createOverviewReader({ ...given, readQueues: broken })()
    deepEqual([away.queues, away.bullmq], [null, ''])
    const there = await createOverviewReader({ ...given, readQueues })()
    deepEqual([there.queues, there.bullmq], [[], 'bullmq_job_count 1\n'])
  })
})
