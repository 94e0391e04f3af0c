import { deepEqual, equal, match } from 'node:assert/strict'
import { copyFile, mkdir, mkdtemp, open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { leakGuard } from '@backstream/testkit'
import { installStandIns, writeProgram } from '../stand-ins/install.ts'
import { type Installation, openInstallation } from './cli-installation.ts'
import { type BucketView, viewBucket } from './main-job-bucket.ts'
import { needs } from './main-job-shell.ts'

let here: Installation
let bucket: BucketView
before(async () => {
  here = await openInstallation({
    plans: (tree) => `
  logged: { source: { kind: sqlite, path: ${tree}/logged.db } }
  elsewhere: { source: { kind: sqlite, path: ${tree}/logged.db, via: { docker: { container: shop-db-1 } } } }
  elsewhere-half: { source: { kind: sqlite, path: ${tree}/logged.db, via: { docker: { container: shop-db-1 } } } }
  elsewhere-gone: { source: { kind: sqlite, path: ${tree}/gone.db, via: { docker: { container: shop-db-1 } } } }
  damaged: { source: { kind: sqlite, path: ${tree}/damaged.db } }
  rolled: { source: { kind: sqlite, path: ${tree}/rolled.db } }
`,
  })
  bucket = viewBucket(here.s3)
})
after(async () => {
  await bucket?.[Symbol.asyncDispose]()
  await here?.[Symbol.asyncDispose]()
})
leakGuard()

const run = (plan: string, more: Readonly<Record<string, string>> = {}) =>
  here.run(['run', plan, '--wait', '--here'], { env: { ...here.env, ...more } })

async function restored(plan: string): Promise<string> {
  const to = join(here.folder, `back-${plan}`)
  const { status, stderr } = await here.run(['restore', plan, '--to', to])
  equal(status, 0, stderr)
  return join(to, plan)
}

const noneOf = async (plan: string) =>
  deepEqual([await bucket.leftovers(plan), await bucket.uploads()], [[], []])

/** Commits all the time, and now and then brings the log into the file. */
const writer = `
const { DatabaseSync } = require('node:sqlite')
const { workerData, parentPort } = require('node:worker_threads')
const database = new DatabaseSync(workerData)
database.exec('PRAGMA busy_timeout = 30000; PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 50')
let isOver = false
parentPort.once('message', () => { isOver = true })
const step = () => {
  if (isOver) { database.close(); return }
  const [a, b] = [1 + Math.floor(Math.random() * 50), 51 + Math.floor(Math.random() * 50)]
  database.exec(\`BEGIN IMMEDIATE; UPDATE accounts SET amount = amount - 5 WHERE id = \${a};
    UPDATE accounts SET amount = amount + 5 WHERE id = \${b}; COMMIT\`)
  setImmediate(step)
}
step()`

describe('SQLite', () => {
  for (const [plan, mode] of [
    ['logged', 'WAL'],
    ['rolled', 'DELETE'],
  ] as const) {
    it(`is of one moment under writers (${mode})`, async () => {
      const path = join(here.tree, `${plan}.db`)
      const database = new DatabaseSync(path)
      database.exec(`PRAGMA journal_mode = ${mode};
        CREATE TABLE accounts (id INTEGER PRIMARY KEY, amount INTEGER, pad BLOB);
        INSERT INTO accounts SELECT value, 1000, randomblob(200000) FROM json_each('[${Array.from({ length: 100 }, (_, n) => n + 1)}]');
        CREATE INDEX by_amount ON accounts (amount); CREATE TRIGGER t AFTER DELETE ON accounts BEGIN SELECT 1; END`)
      const busy = new Worker(writer, { eval: true, workerData: path })
      const { status, stderr } = await run(plan)
      busy.postMessage('over')
      await new Promise((resolve) => busy.once('exit', resolve))
      equal(status, 0, stderr)
      deepEqual(await bucket.consistency(plan), ['one moment (a read transaction)'])
      database.close()
      const back = new DatabaseSync(await restored(plan))
      deepEqual(back.prepare('PRAGMA integrity_check').all().map(Object.values), [['ok']])
      equal(Object.values(back.prepare('SELECT sum(amount) FROM accounts').get() ?? {})[0], 100_000)
      equal(Object.values(back.prepare('SELECT count(*) FROM sqlite_schema').get() ?? {})[0], 3)
      back.close()
    })
  }

  it('is opened by a drill, which has SQLite look for damage', async () => {
    const { status, stdout, stderr } = await here.run(['drill', 'logged'])
    equal(status, 0, stdout + stderr)
    match(stdout, /integrity: logged: PRAGMA integrity_check finds nothing/)
  })

  it('fails its drill where it was damaged before it was backed up', async () => {
    const file = join(here.tree, 'damaged.db')
    await copyFile(join(here.tree, 'rolled.db'), file)
    await using damaged = await open(file, 'r+')
    const { size } = await damaged.stat()
    // Behind the first pages, which a reader needs to begin at all.
    await damaged.write(Buffer.alloc(8192, 0xff), 0, 8192, Math.floor(size / 8192 / 2) * 8192)
    equal((await run('damaged')).status, 0)
    const { status, stdout } = await here.run(['drill', 'damaged'])
    equal(status, 1, stdout)
    match(stdout, /FAILED {2}integrity: damaged: PRAGMA integrity_check ended with status 1/)
  })

  it('goes back into a file, and never over one without a word', async () => {
    const file = join(here.folder, 'again.db')
    const first = await here.run(['restore', 'logged', '--into', `sqlite:${file}`])
    equal(first.status, 0, first.stderr)
    equal((await stat(file)).mode & 0o777, 0o600)
    const second = await here.run(['restore', 'logged', '--into', `sqlite:${file}`])
    equal(second.status, 4, second.stderr)
    const third = await here.run([
      'restore',
      'logged',
      '--into',
      `sqlite:${file}`,
      '--overwrite',
      'always',
    ])
    equal(third.status, 0, third.stderr)
  })
})

describe('SQLite in a container', needs('sqlite3'), () => {
  /** A container that is this machine, with programs of its own before those of it. */
  async function inContainer(programs: Readonly<Record<string, string>> = {}) {
    const place = await mkdtemp(join(here.folder, 'container-'))
    const standIns = await installStandIns(place)
    const bin = join(place, 'own-bin')
    await mkdir(bin)
    for (const [name, script] of Object.entries(programs))
      await writeProgram(join(bin, name), script)
    const env = { PATH: `${bin}:/usr/bin:/bin` }
    await standIns.setContainers([{ id: 'ab'.repeat(32), name: 'shop-db-1', env }])
    return { ...standIns.env, PATH: `${standIns.bin}:${here.env['PATH']}` }
  }

  it('comes as SQL, and goes back by sqlite3 or by hand', async () => {
    const { status, stderr } = await run('elsewhere', await inContainer())
    equal(status, 0, stderr)
    const back = new DatabaseSync(':memory:')
    back.exec(await readFile(await restored('elsewhere'), 'utf8'))
    equal(Object.values(back.prepare('SELECT sum(amount) FROM accounts').get() ?? {})[0], 100_000)
    back.close()
    const file = join(here.folder, 'from-sql.db')
    const into = await here.run(['restore', 'elsewhere', '--into', `sqlite:${file}`])
    equal(into.status, 0, into.stderr)
    const again = new DatabaseSync(file)
    deepEqual(again.prepare('PRAGMA integrity_check').all().map(Object.values), [['ok']])
    equal(Object.values(again.prepare('SELECT sum(amount) FROM accounts').get() ?? {})[0], 100_000)
    again.close()
  })

  it('is asked for its size, and whether it is there, before it is read', async () => {
    const env = await inContainer()
    const { stdout } = await here.run(['doctor'], { env: { ...here.env, ...env } })
    match(
      stdout,
      /plan elsewhere: sqlite can be read: SQLite 3\.\S+, read by sqlite3 as SQL; [\d.]+ MiB/,
    )
    const { status, stderr } = await run('elsewhere-gone', env)
    equal(status, 1)
    match(stderr, /gone\.db cannot be read in the container shop-db-1: .*unable to open/)
    await noneOf('elsewhere-gone')
  })

  it('is no backup when sqlite3 ends with 0 and gave half', async () => {
    const cut = '/usr/bin/sqlite3 "$@" | { head -c 100000; cat > /dev/null; }'
    const { status, stderr } = await run('elsewhere-half', await inContainer({ sqlite3: cut }))
    equal(status, 1)
    match(stderr, /The output of sqlite3 .* \.dump does not end with .*COMMIT/)
    await noneOf('elsewhere-half')
  })
})
