import { deepEqual, equal, match } from 'node:assert/strict'
import { copyFile, mkdir, open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { leakGuard, type PrivateRedis, sendRedis, startPrivateRedis } from '@backstream/testkit'
import { installStandIns, writeProgram } from '../stand-ins/install.ts'
import { type Installation, openInstallation } from './cli-installation.ts'
import { type BucketView, viewBucket } from './main-job-bucket.ts'
import { needs } from './main-job-shell.ts'
import { writeMongoTools } from './mongo-stand-in.ts'
import { withFilter } from './shortened-client.ts'

let here: Installation
let bucket: BucketView
let redis: PrivateRedis
before(async () => {
  redis = await startPrivateRedis()
  here = await openInstallation({
    plans: (tree) => `
  cache: { source: { kind: redis, uri: { env: CACHE_URI } } }
  cache-half: { source: { kind: redis, host: 127.0.0.1, port: ${redis.port}, password: { env: CACHE_SECRET } } }
  logged: { source: { kind: sqlite, path: ${tree}/logged.db } }
  elsewhere: { source: { kind: sqlite, path: ${tree}/logged.db, via: { docker: { container: shop-db-1 } } } }
  elsewhere-half: { source: { kind: sqlite, path: ${tree}/logged.db, via: { docker: { container: shop-db-1 } } } }
  damaged: { source: { kind: sqlite, path: ${tree}/damaged.db } }
  rolled: { source: { kind: sqlite, path: ${tree}/rolled.db } }
  given: { source: { kind: command, argv: [seq, "200000"], restore: [tee, "${tree}-put-back"], expect: { trailer: "200000" } } }
  one-way: { source: { kind: command, argv: [seq, "5"] } }
  mongo: { source: { kind: mongodb, uri: { env: MONGO_URI } } }
  mongo-half: { source: { kind: mongodb, uri: { env: MONGO_URI } } }
`,
  })
  bucket = viewBucket(here.s3)
})
after(async () => {
  await bucket?.[Symbol.asyncDispose]()
  await here?.[Symbol.asyncDispose]()
  await redis?.[Symbol.asyncDispose]()
})
leakGuard()

const secret = 's3cret/?#'
const mongoUri = 'mongodb://anna:m0ngo%2F@127.0.0.1:27017/?replicaSet=rs0'

async function run(plan: string, more: Readonly<Record<string, string>> = {}) {
  const env = {
    ...here.env,
    CACHE_URI: `redis://:${encodeURIComponent(secret)}@127.0.0.1:${redis.port}`,
    CACHE_SECRET: secret,
    MONGO_URI: mongoUri,
    ...more,
  }
  return await here.run(['run', plan, '--wait', '--here'], { env })
}

async function restored(plan: string): Promise<string> {
  const to = join(here.folder, `back-${plan}`)
  const { status, stderr } = await here.run(['restore', plan, '--to', to])
  equal(status, 0, stderr)
  return join(to, plan)
}

const noneOf = async (plan: string) =>
  deepEqual([await bucket.leftovers(plan), await bucket.uploads()], [[], []])

describe('Redis', needs('redis-server', 'redis-cli'), () => {
  before(async () => {
    const values = Array.from({ length: 20_000 }, (_, n) => ['SET', `key:${n}`, `${n}`.repeat(20)])
    await sendRedis(redis.url, ...values)
    await sendRedis(redis.url, ['HSET', 'hash', 'a', '1'], ['ZADD', 'sorted', '1', 'x'])
    await sendRedis(redis.url, ['SELECT', '3'], ['SET', 'of three', 'kept'])
    await sendRedis(redis.url, ['CONFIG', 'SET', 'requirepass', secret])
  })

  it('comes back as a file that an empty server begins with', async () => {
    const { status, stderr } = await run('cache')
    equal(status, 0, stderr)
    const folder = join(here.folder, 'redis')
    await mkdir(folder)
    await copyFile(await restored('cache'), join(folder, 'dump.rdb'))
    const url = `redis://:${encodeURIComponent(secret)}@127.0.0.1:${redis.port}`
    await using empty = await startPrivateRedis({ dir: folder })
    for (const commands of [
      [['DBSIZE']],
      [
        ['SELECT', '3'],
        ['GET', 'of three'],
      ],
      [['HGETALL', 'hash']],
      [['GET', 'key:4711']],
    ])
      equal(
        (await sendRedis(empty.url, ...commands)).replace(/^\+OK\r\n/, ''),
        (await sendRedis(url, ...commands)).replace(/^(?:\+OK\r\n)*/, ''),
      )
  })

  it('goes into no server that runs, and the remedy says how it goes back', async () => {
    const { status, stderr } = await here.run(['restore', 'cache', '--into', redis.url])
    equal(status, 1)
    match(stderr, /takes none from a backup while it runs[\s\S]*--to DIR[\s\S]*--appendonly no/)
  })

  it('is no backup when the client ends with 0 and gave half', async () => {
    const filter = '{ head -c 100000; cat > /dev/null; }'
    const path = await withFilter(here, { program: 'redis-cli', filter })
    const { status, stderr } = await run('cache-half', { PATH: path })
    equal(status, 1)
    match(stderr, /The output of redis-cli --rdb is not whole: neither its end nor the checksum/)
    await noneOf('cache-half')
  })
})

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
    const place = join(here.folder, `container-${Object.keys(programs).length}`)
    await mkdir(place)
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

  it('is no backup when sqlite3 ends with 0 and gave half', async () => {
    const cut = '/usr/bin/sqlite3 "$@" | { head -c 100000; cat > /dev/null; }'
    const { status, stderr } = await run('elsewhere-half', await inContainer({ sqlite3: cut }))
    equal(status, 1)
    match(stderr, /The output of sqlite3 .* \.dump does not end with .*COMMIT/)
    await noneOf('elsewhere-half')
  })
})

describe('the output of a command', () => {
  it('goes back through its restore command, whole', async () => {
    const { status, stderr } = await run('given')
    equal(status, 0, stderr)
    const back = await here.run(['restore', 'given', '--into', 'source'])
    equal(back.status, 0, back.stderr)
    const numbers = Array.from({ length: 200_000 }, (_, n) => `${n + 1}\n`).join('')
    equal(await readFile(`${here.tree}-put-back`, 'utf8'), numbers)
  })

  it('has no way back where none is said, and the remedy is to say one', async () => {
    equal((await run('one-way')).status, 0)
    const { status, stderr } = await here.run(['restore', 'one-way', '--into', 'source'])
    equal(status, 1)
    match(stderr, /How to take back what seq gave is not said[\s\S]*restore: \[program, argument\]/)
  })
})

describe('MongoDB, by a stand-in for its tools', () => {
  it('is dumped with the oplog, and goes back, with no password in argv', async () => {
    const { path, seen } = await writeMongoTools(here.folder)
    const taken = await run('mongo', { PATH: `${path}:${here.env['PATH']}` })
    equal(taken.status, 0, taken.stderr)
    const env = { ...here.env, PATH: `${path}:${here.env['PATH']}` }
    const into = ['--into', 'mongodb://anna@127.0.0.1:27017/']
    const back = await here.run(['restore', 'mongo', ...into], { env })
    equal(back.status, 0, back.stderr)
    const said = await readFile(seen, 'utf8')
    match(
      said,
      /^mongodump --config=\/dev\/fd\/3 --archive --oplog uri: "mongodb:\/\/anna:m0ngo%2F@127\.0\.0\.1:27017\/\?replicaSet=rs0"$/m,
    )
    match(
      said,
      /^mongorestore --config=\/dev\/fd\/3 --archive --stopOnError --oplogReplay uri: .* whole$/m,
    )
  })

  it('is no backup when the client ends with 0 and gave half', async () => {
    const { path } = await writeMongoTools(here.folder, { isCut: true })
    const { status, stderr } = await run('mongo-half', { PATH: `${path}:${here.env['PATH']}` })
    equal(status, 1)
    match(stderr, /The output of mongodump is not whole/)
    await noneOf('mongo-half')
  })
})
