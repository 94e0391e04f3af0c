import { deepEqual, equal, match } from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { compareTrees, leakGuard, type StartedProcess, snapshotTree } from '@backstream/testkit'
import { type MainJob, openMainJob } from './main-job-fixture.ts'

const secret = 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX'
const recipient = 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj'

let here: MainJob
let worker: StartedProcess | undefined
before(async () => {
  here = await openMainJob(
    (tree) =>
      `  home: { encryption: { recipients: [${recipient}] }, source: { kind: directory, path: ${tree} } }\n`,
  )
  await writeFile(join(here.folder, 'age.key'), `${secret}\n`)
  worker = await here.startWorker()
  equal((await here.run(['run', 'home', '--wait'])).status, 0)
})
after(async () => {
  await worker?.[Symbol.asyncDispose]()
  await here?.[Symbol.asyncDispose]()
})
leakGuard()

const place = (name: string) => join(here.folder, name)
const detached = (to: string) => ['restore', 'home', '--to', to, '--detach', '-i', 'age.key']

describe('restore --detach', () => {
  it('is done by a worker after the command has ended, and logged', async () => {
    const { detached: isDetached, run } = await here.json(detached(place('back')))
    equal(isDetached, true)
    const log = await here.run(['logs', run, '-f'])
    match(log.stdout, /restoring home\/\S+ into /)
    match(log.stdout, /restored and verified: \d+ entries/)
    const trees = [await snapshotTree(here.tree), await snapshotTree(place('back'))] as const
    deepEqual(compareTrees(...trees, { owners: process.getuid?.() === 0 }), [])
  })

  it('never goes over anything, and says so in its log', async () => {
    const { run } = await here.json(detached(place('back')))
    await here.run(['logs', run, '-f'])
    const { state } = await here.json(['logs', run])
    equal(state, 'failed')
    for (const more of [
      ['--overwrite', 'always'],
      ['--from', 's3://b/p'],
      ['--into', 'source'],
    ]) {
      equal((await here.run([...detached(place('never')), ...more])).status, 2, more.join(' '))
    }
  })

  it('is refused where no worker of this machine would take it', async () => {
    await worker?.stop()
    worker = undefined
    const { status, stderr } = await here.run(detached(place('nobody')))
    equal(status, 4)
    match(stderr, /Only workers of this machine may serve maintenance here; none does/)
    await rm(place('nobody'), { recursive: true, force: true })
  })
})
