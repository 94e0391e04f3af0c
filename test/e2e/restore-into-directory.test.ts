import { equal, match, ok } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { leakGuard, type StartedProcess } from '@backstream/testkit'
import { type MainJob, openMainJob } from './main-job-fixture.ts'

let here: MainJob
let worker: StartedProcess
let source: string
before(async () => {
  here = await openMainJob(
    (tree) => `
  both:
    sources:
      - { kind: directory, at: data/files, path: ${tree}/small }
      - { kind: command, at: dump, argv: [sh, -c, "test ! -e ${tree}/slow || sleep 600; seq 100"] }
  large: { source: { kind: directory, path: ${tree}/large } }
`,
  )
  source = join(here.tree, 'small')
  await mkdir(join(source, 'd'), { recursive: true })
  await mkdir(join(here.tree, 'large'))
  await writeFile(join(source, 'd/one'), 'one')
  await symlink('one', join(source, 'd/link'))
  for (const name of ['x1', 'x2', 'x3', 'x4']) {
    await writeFile(join(here.tree, 'large', name), randomBytes(5_000_000))
  }
  worker = await here.startWorker()
  const { status, stderr } = await here.run(['run', 'both', 'large', '--wait'])
  equal(status, 0, stderr)
})
after(async () => {
  await worker?.[Symbol.asyncDispose]()
  await here?.[Symbol.asyncDispose]()
})
leakGuard()

const back = ['restore', 'both', '--into', 'source', '--source', 'data/files']
const one = () => readFile(join(source, 'd/one'), 'utf8')

describe('restore --into source, of a directory', () => {
  it('touches nothing without the name of the plan', async () => {
    await writeFile(join(source, 'd/one'), 'changed')
    const dry = await here.run([...back, '-n'])
    equal(dry.status, 0, dry.stderr)
    match(dry.stdout, /^would restore both\/\S+: 4 entries/)
    const unsaid = await here.run(back)
    equal(unsaid.status, 4)
    match(unsaid.stderr, /would be overwritten[\s\S]*Say --yes both/)
    equal((await here.run([...back, '--yes', 'other'])).status, 2)
    equal(await one(), 'changed')
  })

  it('brings back what the backup has, where it came from, and leaves the rest', async () => {
    await writeFile(join(source, 'extra'), 'mine')
    const done = await here.run([...back, '--yes', 'both'])
    equal(done.status, 0, done.stderr)
    match(done.stdout, /restored and verified: 4 entries/)
    equal(await one(), 'one')
    equal(await readFile(join(source, 'extra'), 'utf8'), 'mine')
  })

  it('looks at everything before the first file is replaced', async () => {
    await writeFile(join(source, 'd/one'), 'changed')
    const [{ archives }] = await here.bucket.manifests('both')
    const { key } = archives[0]
    const bytes = await here.bucket.bytes(key)
    await here.bucket.remove(key)
    const gone = await here.run([...back, '--yes', 'both'])
    equal(gone.status, 1)
    match(gone.stderr, /Nothing was touched: .*archive.* is gone/)
    await here.bucket.put(key, bytes)
    await rm(join(source, 'd/link'))
    await mkdir(join(source, 'd/link'))
    const blocked = await here.run([...back, '--yes', 'both'])
    equal(blocked.status, 4)
    match(blocked.stderr, /in the place of "data\/files\/d\/link"/)
    equal(await one(), 'changed')
    await rm(join(source, 'd/link'), { recursive: true })
  })

  it('waits for no run: it is refused beside one, or ends it when that is said', async () => {
    await writeFile(join(here.tree, 'slow'), '')
    const { runs } = await here.json(['run', 'both'])
    // Under way once it has a log.
    for (;;) if ((await here.run(['logs', runs[0].run])).stdout !== '') break
    const beside = await here.run([...back, '--yes', 'both'])
    equal(beside.status, 4, beside.stderr)
    match(beside.stderr, /is at work on both: nothing was touched/)
    equal(await one(), 'changed')
    const instead = await here.run([...back, '--yes', 'both', '--cancel-run'])
    equal(instead.status, 0, instead.stderr)
    match(instead.stderr, /note: run \S+ of both is cancelled for this restore/)
    equal(await one(), 'one')
    await rm(join(here.tree, 'slow'))
    equal((await here.run(['run', 'both', '--wait'])).status, 0)
  })

  it('says plainly when it stopped half way, and does all of it anew', async () => {
    const [{ archives }] = await here.bucket.manifests('large')
    const { key } = archives[0]
    const bytes = await here.bucket.bytes(key)
    const flipped = Buffer.from(bytes)
    const at = Math.floor(bytes.length * 0.9)
    flipped[at] = (flipped[at] ?? 0) ^ 1
    await here.bucket.put(key, flipped)
    const args = ['restore', 'large', '--into', 'source', '--yes', 'large']
    const half = await here.run(args)
    equal(half.status, 1)
    match(half.stderr, /large is HALF RESTORED: \d of 4 entries of large\/\S+ took their place/)
    match(half.stderr, /not restored: x4/)
    await here.bucket.put(key, bytes)
    const again = await here.run(args)
    equal(again.status, 0, again.stderr)
    ok(again.stdout.includes('restored and verified: 4 entries'))
  })
})
