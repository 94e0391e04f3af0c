import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { compareTrees, leakGuard, snapshotTree } from '@backstream/testkit'
import { type MainJob, openMainJob } from './main-job-fixture.ts'

let here: MainJob
before(async () => {
  here = await openMainJob(
    (tree) => `
  home: { source: { kind: directory, path: ${tree} } }
  both:
    sources:
      - { kind: directory, at: files, path: ${tree}/small }
      - { kind: command, at: dump, argv: [seq, "100000"] }
`,
  )
  await mkdir(join(here.tree, 'small'))
  await writeFile(join(here.tree, 'small/one'), 'one')
  await writeFile(join(here.tree, 'small/su'), 'su')
  await chmod(join(here.tree, 'small/su'), 0o4755)
  // Does not shrink, so that the archive has several frames.
  for (const name of ['x1', 'x2', 'x3']) {
    await writeFile(join(here.tree, name), randomBytes(5_000_000))
  }
  await using _worker = await here.startWorker()
  const { status, stderr } = await here.run(['run', 'home', 'both', '--wait'])
  equal(status, 0, stderr)
})
after(async () => await here?.[Symbol.asyncDispose]())
leakGuard()

const place = (name: string) => join(here.folder, name)

describe('restore', () => {
  it('goes on where a connection was dropped, of archive and index', async () => {
    const cut = { cut: 'mid-response' as const }
    const archive = here.faults.add({ key: /archive/, times: 3, action: cut })
    const index = here.faults.add({ key: /index/, times: 1, action: cut })
    const whole = await here.run(['restore', 'home', '--to', place('whole')])
    equal(whole.status, 0, whole.stderr)
    const part = ['restore', 'home', '--to', place('part'), '--path', 'small']
    equal((await here.run(part)).status, 0)
    deepEqual([archive.hits, index.hits], [3, 1])
    here.faults.clear()
    const trees = [await snapshotTree(here.tree), await snapshotTree(place('whole'))] as const
    const found = compareTrees(...trees, { owners: process.getuid?.() === 0 })
    // The set-user-id bit is taken off, and said to be.
    match(whole.stderr, /note: 1 files lost their set-user-id or set-group-id bit/)
    ok(found.length === 1 && found[0]?.includes('small/su'), found.join('\n'))
  })

  it('leaves set-user-id bits on when asked to', async () => {
    const to = place('setuid')
    const args = ['restore', 'home', '--to', to, '--path', 'small/su', '--keep-setuid']
    equal((await here.run(args)).status, 0)
    equal((await stat(join(to, 'small/su'))).mode & 0o7777, 0o4755)
  })

  it('takes one source of several, and a command as its dump file', async () => {
    const to = place('source')
    const done = await here.json(['restore', 'both', '--to', to, '--source', 'dump'])
    deepEqual([done.verified, done.to], [true, to])
    deepEqual(await readdir(to), ['dump'])
    ok((await readFile(join(to, 'dump'), 'utf8')).endsWith('\n100000\n'))
    const none = await here.run(['restore', 'both', '--to', to, '--source', 'db'])
    equal(none.status, 5)
    match(none.stderr, /Its sources are: files, dump/)
  })

  it('overwrites as it is told, and says what it left and what it replaced', async () => {
    const to = place('over')
    const one = join(to, 'files/one')
    const args = ['restore', 'both', '--to', to, '--source', 'files']
    equal((await here.run(args)).status, 0)
    await writeFile(one, 'changed since')
    equal((await here.run(args)).status, 4)
    for (const when of ['never', 'if-newer']) {
      equal((await here.json([...args, '--overwrite', when])).replaced, 0)
      equal(await readFile(one, 'utf8'), 'changed since')
    }
    await utimes(one, 0, 0)
    ok((await here.json([...args, '--overwrite', 'if-newer'])).replaced >= 1)
    equal(await readFile(one, 'utf8'), 'one')
    await writeFile(one, 'changed again')
    const always = await here.run([...args, '--overwrite', 'always'])
    equal(always.status, 0)
    match(always.stderr, /note: \d+ entries took the place of others/)
    equal(await readFile(one, 'utf8'), 'one')
    equal((await here.run([...args, '--overwrite', 'perhaps'])).status, 2)
  })

  it('does not call verified what is damaged, and names the files that are not there', async () => {
    const [{ backup, archives }] = await here.bucket.manifests('home')
    const { key } = archives[0]
    const bytes = await here.bucket.bytes(key)
    const flipped = Buffer.from(bytes)
    const at = Math.floor(bytes.length * 0.9)
    flipped[at] = (flipped[at] ?? 0) ^ 1
    await here.bucket.put(key, flipped)
    const ref = `home/${backup}`
    const failed = await here.run(['restore', ref, '--to', place('damaged'), '--json'])
    equal(failed.status, 1)
    const { error } = JSON.parse(failed.stdout)
    match(error.message, /is NOT verified: \d+ of \d+ entries are in .* the archive is damaged/)
    const { missing, verified } = error.restore
    equal(verified, false)
    // What is named is not there, and all else is.
    ok(missing.length > 0 && missing.includes('x3'), missing.join())
    const there = await snapshotTree(place('damaged'))
    ok(!JSON.stringify(there).includes(missing[0]))
    await here.bucket.put(key, bytes)
    equal((await here.run(['restore', ref, '--to', place('mended')])).status, 0)
  })
})
