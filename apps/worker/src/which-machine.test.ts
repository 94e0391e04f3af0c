import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { refuseAmbiguousMachine } from './which-machine.ts'

/** Unnamed workers on these hosts are connected. */
function workersOn(...hosts: string[]) {
  const asked: string[] = []
  const workersOf = async (queue: string) => {
    asked.push(queue)
    return hosts.map((host) => ({ host, name: null, pid: 1, startedAtMs: 0, serves: [queue] }))
  }
  return { context: { producer: { workersOf } }, asked }
}

const plan = { name: 'media', isLocal: true, runsOn: null }

test('what lies on one machine is not read while workers of several serve it', async () => {
  const { context } = workersOn('two', 'one', 'two')
  await rejects(refuseAmbiguousMachine(context, plan), {
    code: 'preflight-failed',
    permanent: true,
    message: /media .* but workers of one, two serve it/,
  })
})

test('several workers on one machine are one machine', async () => {
  const { context, asked } = workersOn('one', 'one')
  equal(await refuseAmbiguousMachine(context, plan), undefined)
  deepEqual(asked, ['backups'])
})

test('a plan that says where it runs, or reads from the network, may run anywhere', async () => {
  const { context } = workersOn('one', 'two')
  for (const runsOn of ['any', 'nas']) await refuseAmbiguousMachine(context, { ...plan, runsOn })
  await refuseAmbiguousMachine(context, { ...plan, isLocal: false })
})
