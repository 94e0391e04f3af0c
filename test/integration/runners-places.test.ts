import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ViaConfig } from '@backstream/config'
import type { Source } from '@backstream/sources'
import { leakGuard } from '@backstream/testkit'
import type { StandIns } from '../stand-ins/install.ts'
import {
  container,
  type Elsewhere,
  inContainer,
  inPod,
  inService,
  onHost,
  openElsewhere,
  pod,
  problemsOf,
  workloads,
} from './runners-fixture.ts'

let elsewhere: Elsewhere
let standIns: StandIns
before(async () => {
  elsewhere = await openElsewhere()
  standIns = elsewhere.standIns
})
after(() => elsewhere[Symbol.asyncDispose]())
leakGuard()

const sourceOf: Elsewhere['commandVia'] = (via, options) => elsewhere.commandVia(via, options)

async function onlyProblem(source: Source): Promise<string> {
  const problems = await problemsOf(source)
  equal(problems.length, 1, JSON.stringify(problems))
  ok(problems[0]?.remedy)
  return `${problems[0]?.code}: ${problems[0]?.message}`
}

describe('a place that cannot be found', () => {
  const ofPod = async (via: ViaConfig, cluster: Parameters<StandIns['setCluster']>[0]) => {
    await standIns.setCluster(cluster)
    return await onlyProblem(sourceOf(via))
  }

  it('is told of in the words of Kubernetes', async () => {
    const one = { workloads, pods: [pod] }
    const { fault: _, ...plain } = pod
    const cases: readonly (readonly [ViaConfig, Parameters<StandIns['setCluster']>[0], RegExp])[] =
      [
        [
          inPod({ workload: 'deployment/api' }),
          one,
          /place-missing: The pod of deployment\/api cannot be looked for: the cluster has nothing of that name.*NotFound/,
        ],
        [inPod(), { workloads, pods: [] }, /place-missing: There is no pod of deployment\/db/],
        [inPod({ pod: 'db-1' }), one, /place-missing: There is no pod db-1/],
        [inPod({ selector: 'app=none' }), one, /place-missing: There is no pod with app=none/],
        [
          inPod(),
          { workloads, pods: [{ ...plain, phase: 'Pending', waiting: 'ImagePullBackOff' }] },
          /No pod of deployment\/db is ready: db-0 is Pending \(ImagePullBackOff\)/,
        ],
        [
          inPod(),
          { workloads, pods: [plain, { ...plain, name: 'db-1' }] },
          /place-ambiguous: There is more than one pod of deployment\/db: db-0, db-1/,
        ],
        [
          inPod({ pod: 'db-0', container: 'web' }),
          one,
          /place-missing: The pod db-0 has no container web, but mongo/,
        ],
        [
          inPod(),
          { workloads, pods: [{ ...plain, containers: ['mongo', 'sidecar'] }] },
          /place-ambiguous: The pod db-0 has several containers: mongo, sidecar/,
        ],
        [inPod({ pod: 'db-0', namespace: 'other' }), one, /place-missing/],
        [
          inPod({ pod: 'db-0', context: 'prod' }),
          { ...one, contexts: ['test'] },
          /the kubeconfig has no such context/,
        ],
        [inPod(), { ...one, state: 'refused' }, /place-unreachable: .*the cluster does not answer/],
        [
          inPod({ selector: 'app=db' }),
          { ...one, state: 'forbidden' },
          /place-unreachable: .*the cluster does not allow it/,
        ],
        [
          inPod(),
          { workloads, pods: [{ ...plain, fault: { kind: 'no-shell' } }] },
          /there is no shell in that container/,
        ],
      ]
    for (const [via, cluster, expected] of cases) match(await ofPod(via, cluster), expected)
  })

  it('is chosen among several where that is allowed, or said by default', async () => {
    const many = { workloads, pods: [pod, { ...pod, name: 'db-1' }] }
    await standIns.setCluster(many)
    deepEqual(await problemsOf(sourceOf(inPod({ workload: 'deployment/db', pickAny: true }))), [])
    const sidecar = { ...pod, containers: ['proxy', 'mongo'], defaultContainer: 'mongo' }
    await standIns.setCluster({ workloads, pods: [sidecar] })
    deepEqual(await problemsOf(sourceOf(inPod())), [])
  })

  it('is waited for as long as waitFor says', async () => {
    await standIns.setCluster({ workloads, pods: [{ ...pod, phase: 'Pending' }] })
    const found = problemsOf(sourceOf(inPod({ workload: 'deployment/db', waitForMs: 60_000 })))
    setTimeout(() => void standIns.setCluster({ workloads, pods: [pod] }), 500)
    deepEqual(await found, [])
  })

  it('is told of in the words of Docker', async () => {
    const several = [container, { ...container, id: 'cd'.repeat(32), name: 'shop-db-2' }]
    await standIns.setContainers(several)
    match(
      await onlyProblem(sourceOf(inService)),
      /place-ambiguous: There are several of the service db of the project shop: shop-db-1, shop-db-2/,
    )
    deepEqual(await problemsOf(sourceOf(inContainer)), [])
    deepEqual(
      await problemsOf(sourceOf({ way: 'compose', project: 'shop', service: 'db', pickAny: true })),
      [],
    )
    deepEqual(await problemsOf(sourceOf({ way: 'docker', container: 'abab', pickAny: false })), [])
    await standIns.setContainers([{ ...container, isStopped: true }])
    match(
      await onlyProblem(sourceOf(inContainer)),
      /place-missing: The container shop-db-1 does not run/,
    )
    await standIns.setContainers([{ ...container, fault: { kind: 'no-shell' } }])
    match(await onlyProblem(sourceOf(inContainer)), /there is no shell in that container/)
  })

  it('is told of in the words of ssh', async () => {
    match(
      await onlyProblem(sourceOf({ way: 'ssh', host: 'stranger' })),
      /its host key is not the known one/,
    )
    match(await onlyProblem(sourceOf({ way: 'ssh', host: 'silent' })), /it does not answer/)
  })

  it('is told of when its client is not on this machine', async () => {
    for (const [client, via] of [
      ['kubectl', inPod()],
      ['docker', inContainer],
    ] as const) {
      const problem = await onlyProblem(sourceOf(via, { path: '/nowhere' }))
      match(problem, new RegExp(`command-missing: ${client} is not on this machine`))
    }
    match(
      await onlyProblem(sourceOf(onHost, { path: '/nowhere' })),
      /command-missing: ssh is not on this machine/,
    )
  })
})
