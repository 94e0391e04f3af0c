import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import type { Lease } from '@backstream/queue'
import { type TurnRequest, takeTurn } from './take-turn.ts'

/** Leases by name; those in `held` are another run's until they are given back. */
function arrange(held: Record<string, string>, overlap: 'skip' | 'wait') {
  const steps: string[] = []
  const released: string[] = []
  const leaving = new AbortController()
  const request: TurnRequest = {
    plan: { name: 'shop', overlap },
    signal: leaving.signal,
    lookEveryMs: 1,
    async acquire(name) {
      const heldBy = held[name]
      return heldBy === undefined ? leaseOf(name, released) : { heldBy }
    },
    async step(line) {
      steps.push(line)
    },
  }
  return { request, held, steps, released, leaving }
}

function leaseOf(plan: string, released: string[]): Lease {
  const release = async () => void released.push(plan)
  const { signal } = new AbortController()
  return {
    ...{ plan, token: 't', signal, release },
    isMine: async () => true,
    drawFence: async () => 1,
    assertMayCommit: async () => {},
    leaveFor: release,
    [Symbol.asyncDispose]: release,
  }
}

const planOf = (turn: Awaited<ReturnType<typeof takeTurn>>) => ('token' in turn ? turn.plan : turn)

test('a plan that is free is taken at once', async () => {
  for (const overlap of ['skip', 'wait'] as const) {
    const { request, steps } = arrange({}, overlap)
    equal(planOf(await takeTurn(request)), 'shop')
    deepEqual(steps, [])
  }
})

test('a run beside another is skipped by default, and says by which', async () => {
  const { request, steps } = arrange({ shop: 'first@1' }, 'skip')
  const reason = 'run first@1 of this plan is under way'
  deepEqual(await takeTurn(request), { outcome: 'skipped', plan: 'shop', reason, byRun: 'first@1' })
  deepEqual(steps, [`skipped: ${reason}`])
})

test('a run that may wait gets the lease once it is free, and gives up its place in the line', async () => {
  const { request, held, released } = arrange({ shop: 'first@1' }, 'wait')
  const turn = takeTurn({
    ...request,
    async step() {
      delete held['shop']
    },
  })
  equal(planOf(await turn), 'shop')
  deepEqual(released, ['shop:next'])
})

test('a second one that would wait is skipped, and says who waits', async () => {
  const { request } = arrange({ shop: 'first@1', 'shop:next': 'second@2' }, 'wait')
  const turn = await takeTurn(request)
  deepEqual(turn, {
    outcome: 'skipped',
    plan: 'shop',
    reason: 'run second@2 is waiting already',
    byRun: 'second@2',
  })
})

test('a run that is told to stop while it waits gives up its place and says why', async () => {
  const { request, released, leaving } = arrange({ shop: 'first@1' }, 'wait')
  const why = new Error('the worker is being stopped')
  const turn = takeTurn({
    ...request,
    lookEveryMs: 60_000,
    async step() {
      setImmediate(() => leaving.abort(why))
    },
  })
  await rejects(turn, (error) => error === why)
  deepEqual(released, ['shop:next'])
})
