import { deepEqual, equal, match } from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { compareTrees, snapshotTree } from '@backstream/testkit'
import type { Fault } from '../stand-ins/far-end.ts'
import { installStandIns, type StandIns } from '../stand-ins/install.ts'
import { type Installation, openInstallation } from './cli-installation.ts'
import { type BucketView, viewBucket } from './main-job-bucket.ts'
import { writeMongoTools } from './mongo-stand-in.ts'

const example = new URL('../../examples/thecombine.yaml', import.meta.url)

let here: Installation
let bucket: BucketView
let standIns: StandIns
let env: Readonly<Record<string, string>>
/** MongoDB's tools in the pod, and what was asked of them. */
let mongo: string
let seen: string

before(async () => {
  const yaml = await readFile(example, 'utf8')
  // The example's own sources; storage and Redis are those of the tests.
  const plans = yaml.slice(yaml.indexOf('plans:\n') + 'plans:\n'.length)
  here = await openInstallation({
    plans: (tree) => plans.replaceAll('/home/app/.CombineFiles', tree),
    isServed: false,
  })
  bucket = viewBucket(here.s3)
  standIns = await installStandIns(here.folder)
  env = { ...here.env, ...standIns.env, PATH: `${standIns.bin}:${here.env['PATH']}` }
  await makePods()
})
after(async () => {
  await bucket[Symbol.asyncDispose]()
  await here[Symbol.asyncDispose]()
})

/** Two pods: one with MongoDB's tools, one with the backend's files. */
async function makePods(): Promise<void> {
  const tools = await writeMongoTools(here.folder)
  mongo = tools.path
  seen = tools.seen
  await setPods()
}

async function setPods(fault?: Fault): Promise<void> {
  const namespace = 'thecombine'
  const pod = (component: string) => ({
    namespace,
    name: `${component}-6d5f7c9b8-x2x4v`,
    labels: { 'combine-component': component },
    containers: [component],
    env: { PATH: `${mongo}:/usr/bin:/bin` },
  })
  const workload = (name: string) => ({
    ...{ namespace, kind: 'Deployment', name },
    labels: { 'combine-component': name },
  })
  await standIns.setCluster({
    workloads: [workload('database'), workload('backend')],
    pods: [{ ...pod('database'), ...(fault && { fault }) }, pod('backend')],
  })
}

async function run(...args: string[]) {
  return await here.run(args, { env })
}

describe('the nightly job of TheCombine', () => {
  it('makes the nightly backup of two pods, in their order, and gives both back', async () => {
    const { status, stderr } = await run('run', 'combine', '--wait', '--here')
    equal(status, 0, stderr)
    const [manifest] = await bucket.manifests('combine')
    deepEqual(
      manifest.sources.map(({ kind, at }: Record<string, string>) => [kind, at]),
      [
        ['mongodb', 'dump/CombineDatabase.archive'],
        ['directory', '.CombineFiles'],
      ],
    )
    const to = join(here.folder, 'restored')
    equal((await run('restore', 'combine', '--to', to)).status, 0)
    const archive = await readFile(join(to, 'dump/CombineDatabase.archive'))
    equal(archive.readUInt32LE(), 0x8199e26d)
    match(await readFile(seen, 'utf8'), /^mongodump --archive --db=CombineDatabase *$/m)
    const [there, back] = [snapshotTree(here.tree), snapshotTree(join(to, '.CombineFiles'))]
    deepEqual(compareTrees(await there, await back), [])
  })

  it('puts the dump back through the pod, in place of what is there', async () => {
    const { status, stderr } = await run(
      ...['restore', 'combine', '--source', 'dump/CombineDatabase.archive', '--into', 'source'],
      ...['--overwrite', 'always'],
    )
    equal(status, 0, stderr)
    match(await readFile(seen, 'utf8'), /^mongorestore --archive --stopOnError --drop +whole$/m)
  })

  it('fails, says why and leaves nothing when the session is dropped with status 0', async () => {
    const before = await bucket.manifests('combine')
    await setPods({ kind: 'drop', afterBytes: 500_000 })
    const { status, stdout, stderr } = await run('run', 'combine', '--wait', '--here')
    await setPods()
    equal(status, 1)
    match(
      stdout + stderr,
      /The way to mongodump in the pod database-\S+, container database broke off after \d+ bytes: kubectl ended with status 0/,
    )
    equal((await bucket.manifests('combine')).length, before.length)
    deepEqual(await bucket.leftovers('combine'), [])
  })

  it('lists what it would read, and says what is wrong before it reads', async () => {
    const listed = await run('run', 'combine', '--dry-run')
    equal(listed.status, 0, listed.stderr)
    match(listed.stdout, /dump\/CombineDatabase\.archive/)
    match(listed.stdout, /\.CombineFiles/)
    await standIns.setCluster({ workloads: [], pods: [] })
    const refused = await run('run', 'combine', '--wait', '--here')
    await setPods()
    equal(refused.status, 1)
    match(
      refused.stdout + refused.stderr,
      /pod of deployment\/database cannot be looked for.*pod of deployment\/backend cannot be looked for/s,
    )
  })
})
