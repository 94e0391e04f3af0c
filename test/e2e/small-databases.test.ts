import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { copyFile, mkdtemp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { leakGuard, type PrivateRedis, sendRedis, startPrivateRedis } from '@backstream/testkit'
import { type Installation, openInstallation } from './cli-installation.ts'
import { type BucketView, viewBucket } from './main-job-bucket.ts'
import { needs } from './main-job-shell.ts'
import { writeMongoTools } from './mongo-stand-in.ts'
import { withFilter, withHold } from './shortened-client.ts'

let here: Installation
let bucket: BucketView
let redis: PrivateRedis
let dying: PrivateRedis
before(async () => {
  redis = await startPrivateRedis()
  dying = await startPrivateRedis()
  here = await openInstallation({
    plans: (tree) => `
  cache: { source: { kind: redis, uri: { env: CACHE_URI } } }
  cache-busy: { source: { kind: redis, uri: { env: CACHE_URI } } }
  cache-dying: { source: { kind: redis, host: 127.0.0.1, port: ${dying.port} } }
  cache-half: { source: { kind: redis, host: 127.0.0.1, port: ${redis.port}, password: { env: CACHE_SECRET } } }
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
  await dying?.[Symbol.asyncDispose]()
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

/** A server that begins with the file. */
async function startOn(dump: string): Promise<PrivateRedis> {
  const dir = await mkdtemp(join(here.folder, 'redis-'))
  await copyFile(dump, join(dir, 'dump.rdb'))
  return await startPrivateRedis({ dir })
}

/** What the counter says, and how long the list is that grows with it. */
async function written(url: string): Promise<readonly [number, number]> {
  const replies = await sendRedis(url, ['GET', 'written'], ['LLEN', 'writes'])
  const [, counted, listed] = /\$\d+\r\n(\d+)\r\n:(\d+)/.exec(replies) ?? []
  return [Number(counted), Number(listed)]
}

describe('Redis', needs('redis-server', 'redis-cli'), () => {
  before(async () => {
    const values = Array.from({ length: 20_000 }, (_, n) => ['SET', `key:${n}`, `${n}`.repeat(20)])
    await sendRedis(redis.url, ...values)
    await sendRedis(redis.url, ['HSET', 'hash', 'a', '1'], ['ZADD', 'sorted', '1', 'x'])
    await sendRedis(redis.url, ['SELECT', '3'], ['SET', 'of three', 'kept'])
    // A server that may serve several replicas at once waits five seconds for more of them.
    for (const { url } of [redis, dying])
      await sendRedis(url, ['CONFIG', 'SET', 'repl-diskless-sync-delay', '0'])
    await sendRedis(redis.url, ['CONFIG', 'SET', 'requirepass', secret])
  })

  it('comes back as a file that an empty server begins with', async () => {
    const { status, stderr } = await run('cache')
    equal(status, 0, stderr)
    const url = `redis://:${encodeURIComponent(secret)}@127.0.0.1:${redis.port}`
    await using empty = await startOn(await restored('cache'))
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

  it('is of one moment under live writes', async () => {
    const url = `redis://:${encodeURIComponent(secret)}@127.0.0.1:${redis.port}`
    const transfer = [
      ['MULTI'],
      ['INCR', 'written'],
      ['RPUSH', 'writes', 'x'.repeat(500)],
      ['EXEC'],
    ]
    let isBusy = true
    const writing = (async () => {
      while (isBusy) await sendRedis(url, ...transfer)
    })()
    const { status, stderr } = await run('cache-busy').finally(() => {
      isBusy = false
    })
    await writing
    equal(status, 0, stderr)
    deepEqual(await bucket.consistency('cache-busy'), ['one moment (a fork)'])
    await using empty = await startOn(await restored('cache-busy'))
    const [counted, listed] = await written(empty.url)
    equal(counted, listed)
    // Of a moment between the first write and the last.
    const [atEnd] = await written(url)
    ok(counted > 0 && counted < atEnd, `${counted} of ${atEnd}`)
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

  it('is no backup when the server dies half way, and says so', async () => {
    // More than the sockets between them hold, so that there is something left to be lost.
    const keys = Array.from({ length: 60 }, (_, n) => ['SETRANGE', `large:${n}`, '999999', 'x'])
    await sendRedis(dying.url, ['CONFIG', 'SET', 'rdbcompression', 'no'], ...keys)
    const client = await withHold(here, { program: 'redis-cli', flag: '--rdb', bytes: 500_000 })
    const running = run('cache-dying', { PATH: client.path })
    await client.held()
    await dying.kill()
    await client.letGo()
    const { status, stderr } = await running
    equal(status, 1)
    match(stderr, /The command redis-cli --rdb ended with status \d+\. It said: .*I\/O Error/s)
    await noneOf('cache-dying')
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
    deepEqual(await bucket.consistency('mongo'), ['one moment (the oplog up to it is in the dump)'])
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
