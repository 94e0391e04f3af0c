import { deepEqual, equal, ok } from 'node:assert/strict'
import { it } from 'node:test'
import { blowsFrom } from './chaos-blows.ts'
import { runChaos } from './run-chaos.ts'

it('the same seed strikes the same blows', () => {
  deepEqual([...blowsFrom(3, 50)], [...blowsFrom(3, 50)])
  ok(JSON.stringify([...blowsFrom(4, 50)]) !== JSON.stringify([...blowsFrom(3, 50)]))
  deepEqual([...blowsFrom(3, 50)].slice(0, 20), [...blowsFrom(3, 20)])
})

it('random blows under load leave nothing, make nothing twice, and stop nothing', async () => {
  let logs = ''
  const outcome = await runChaos({
    kills: 6,
    seed: 2,
    say: () => {},
    onTrouble: (text) => {
      logs = text
    },
  })
  deepEqual(outcome.problems, [], logs)
  equal(outcome.kills, 6)
  ok(outcome.committed > 0)
})
