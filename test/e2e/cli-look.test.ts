import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Installation, openInstallation } from './cli-installation.ts'

let here: Installation
before(async () => {
  here = await openInstallation({
    plans: (tree) => `
  home: { source: { kind: directory, path: ${tree} } }
  dump: { sources: [{ kind: command, at: db, argv: [seq, "100000"] }] }
`,
  })
  await mkdir(join(here.tree, 'etc/ssh'), { recursive: true })
  await writeFile(join(here.tree, 'etc/hosts'), 'localhost\n')
  await writeFile(join(here.tree, 'etc/ssh/config'), 'Port 22\n')
  await backUp('home')
  await writeFile(join(here.tree, 'etc/hosts'), 'elsewhere\n')
  await chmod(join(here.tree, 'etc/ssh/config'), 0o600)
  await writeFile(join(here.tree, 'etc/new'), 'new\n')
  await rm(join(here.tree, 'odd'), { recursive: true })
  await backUp('home')
  await backUp('dump')
})
after(async () => await here[Symbol.asyncDispose]())

async function backUp(plan: string): Promise<void> {
  const { status, stderr } = await here.run(['run', plan, '--wait'])
  equal(status, 0, stderr)
}

describe('looking into backups', () => {
  it('lists what lies in a folder, or all below', async () => {
    const { status, stdout } = await here.run(['ls', 'home', 'etc'])
    equal(status, 0)
    deepEqual(
      stdout.split('\n').map((line) => line.split(/ +/).at(-1)),
      ['etc', 'etc/hosts', 'etc/new', 'etc/ssh', ''],
    )
    match(stdout, /^drwxr-xr-x +0 .* etc\n-rw-r--r-- +10 .* etc\/hosts\n/)
    const { entries, format } = await here.json(['ls', 'home', '-r', 'etc'])
    equal(format, 'backstream.ls/1')
    ok(entries.some(({ path }: { path: string }) => path === 'etc/ssh/config'))
    const root = await here.json(['ls', 'home'])
    ok(root.entries.every(({ path }: { path: string }) => !path.includes('/')))
  })

  it('prints one file as it was, and a stream as a whole', async () => {
    const file = await here.run(['cat', 'home', 'etc/hosts'])
    equal(file.stdout, 'elsewhere\n')
    const [, older] = (await here.json(['list', 'home'])).backups
    equal((await here.run(['cat', older.ref, 'etc/hosts'])).stdout, 'localhost\n')
    const { entries } = await here.json(['ls', 'dump', '-r'])
    const stream = entries.find(({ type }: { type: string }) => type === 'stream')
    const { stdout } = await here.run(['cat', 'dump', stream.path])
    equal(stdout, Array.from({ length: 100_000 }, (_, at) => `${at + 1}\n`).join(''))
  })

  it('finds in which backups a file is', async () => {
    const { status, stdout } = await here.run(['find', 'home', 'host*'])
    equal(status, 0)
    equal(stdout.match(/etc\/hosts/g)?.length, 2)
    const { found } = await here.json(['find', 'home', 'etc/n*'])
    deepEqual(
      found.map(({ path }: { path: string }) => path),
      ['etc/new'],
    )
    equal((await here.run(['find', 'home', 'no*such'])).status, 5)
  })

  it('says what changed between two backups', async () => {
    const [newer, older] = (await here.json(['list', 'home'])).backups
    const { status, stdout } = await here.run(['diff', older.ref, newer.ref])
    equal(status, 0)
    match(stdout, /^M {2}etc\/hosts$/m)
    match(stdout, /^U {2}etc\/ssh\/config$/m)
    match(stdout, /^\+ {2}etc\/new$/m)
    match(stdout, /^- {2}odd$/m)
    match(stdout, /^1 new, \d+ gone, 1 changed, 1 with another mode; -/m)
    equal((await here.run(['diff', newer.ref, newer.ref])).stdout.split('\n').length, 2)
  })

  it('restores some paths, and fetches no more than what holds them', async () => {
    const to = join(here.folder, 'some')
    const args = ['restore', 'home', '--to', to, '--path', 'etc/ssh', 'etc/h*']
    const { status, stdout, stderr } = await here.run(args)
    equal(status, 0, stderr)
    match(stdout, /restored and verified: 4 entries, \d+ B in .* fetched in \d+\.\ds\)/)
    deepEqual((await readdir(join(to, 'etc'))).sort(), ['hosts', 'ssh'])
    equal(await readFile(join(to, 'etc/ssh/config'), 'utf8'), 'Port 22\n')
  })

  it('exits 5 for a path that is not there, and writes nothing', async () => {
    equal((await here.run(['ls', 'home', 'nothing'])).status, 5)
    equal((await here.run(['cat', 'home', 'etc/nothing'])).status, 5)
    const to = join(here.folder, 'none')
    const missing = await here.run(['restore', 'home', '--to', to, '--path', 'etc', 'nothing'])
    equal(missing.status, 5)
    match(missing.stderr, /There is no nothing in home\//)
    ok(!(await readdir(here.folder)).includes('none'))
    equal((await here.run(['cat', 'home', 'etc'])).status, 2)
  })
})
