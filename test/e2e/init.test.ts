import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  findPostgres,
  leakGuard,
  openTestRedis,
  openTestS3,
  type PrivatePostgres,
  startPrivatePostgres,
  type TemporaryDirectory,
  type TestRedis,
  type TestS3,
  temporaryDirectory,
} from '@backstream/testkit'
import { backstream } from './cli-fixture.ts'

const needsPostgres = (await findPostgres())
  ? {}
  : process.env['CI'] === 'true'
    ? { skip: false }
    : { skip: 'no postgresql here' }

describe('first contact', needsPostgres, () => {
  let server: PrivatePostgres
  let redis: TestRedis
  let s3: TestS3
  let place: TemporaryDirectory
  let flags: readonly string[]
  before(async () => {
    server = await startPrivatePostgres()
    await server.sql('postgres', 'CREATE DATABASE shop')
    const rows =
      'CREATE TABLE items AS SELECT n, md5(n::text) AS text FROM generate_series(1, 5000) n'
    await server.sql('shop', rows)
    await server.sql('postgres', `CREATE ROLE weak LOGIN PASSWORD 'w'`)
    redis = await openTestRedis()
    s3 = await openTestS3()
    place = await temporaryDirectory('init')
    const storage = ['--storage', `s3://${s3.bucket}/${s3.prefix}`, '--endpoint', s3.endpoint]
    flags = [...storage, '--region', s3.region]
  })
  after(async () => {
    for (const each of [place, s3, redis, server]) await each?.[Symbol.asyncDispose]()
  })
  leakGuard()

  const address = (user = 'postgres') => `postgres://${user}@/shop?host=${server.host}`

  async function folder(name: string): Promise<string> {
    const path = join(place.path, name)
    await mkdir(path)
    return path
  }

  const secrets = () => ({
    PGPASSWORD: server.password,
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    REDIS_URL: redis.url,
    BACKSTREAM_NAME: redis.prefix,
  })

  it('takes two commands to a first good backup, which restores', async () => {
    const cwd = await folder('two-commands')
    const init = await backstream(['init', '--postgres', address(), ...flags], {
      cwd,
      env: secrets(),
    })
    equal(init.status, 0, init.stderr)
    // The second finds in .env what the first was told.
    const env = { BACKSTREAM_NAME: redis.prefix }
    const taken = await backstream(['run', 'shop', '--wait', '--here'], { cwd, env })
    equal(taken.status, 0, taken.stderr)

    match(
      init.stdout,
      /shop: PostgreSQL \d+\.\d+, primary; pg_dump \d+\.\d+; shop, .*B, all of it readable as postgres/,
    )
    match(init.stdout, /KEEP age\.key ELSEWHERE/)
    for (const name of ['age.key', '.env']) equal((await stat(join(cwd, name))).mode & 0o777, 0o600)
    const text = await readFile(join(cwd, 'backstream.yaml'), 'utf8')
    match(
      text,
      /source: \{ kind: postgres, uri: \{ env: SHOP_URI \}, password: \{ env: SHOP_PASSWORD \} \}/,
    )
    match(text, /encryption: \{ recipients: \[age1/)
    for (const secret of [server.password, s3.secretAccessKey]) {
      for (const told of [text, init.stdout, init.stderr]) ok(!told.includes(secret))
    }

    const into = `postgres://postgres@/copy?host=${server.host}`
    const restore = ['restore', 'shop', '--into', into]
    const without = await backstream(restore, { cwd, env: { ...env, PGPASSWORD: server.password } })
    equal(without.status, 2, without.stderr)
    const restored = await backstream([...restore, '-i', 'age.key'], {
      cwd,
      env: { ...env, PGPASSWORD: server.password },
    })
    equal(restored.status, 0, restored.stderr)
    const content = 'SELECT count(*), sum(n), md5(string_agg(text, NULL ORDER BY n)) FROM items'
    equal(await server.sql('copy', content), await server.sql('shop', content))
  })

  it('has doctor tell of each source what it is, how large, and who reads it', async () => {
    const cwd = join(place.path, 'two-commands')
    const env = { BACKSTREAM_NAME: redis.prefix }
    const { status, stdout, stderr } = await backstream(['doctor'], { cwd, env })
    equal(status, 0, stdout + stderr)
    match(
      stdout,
      /plan shop: postgres can be read: PostgreSQL \d+\.\d+, primary; pg_dump \d+\.\d+; shop, \S+ \S*B, all of it readable as postgres/,
    )
  })

  it('never overwrites a key or a .env, with --force neither', async () => {
    const cwd = await folder('there')
    for (const name of ['age.key', '.env', 'backstream.yaml'])
      await writeFile(join(cwd, name), 'mine')
    const argv = ['init', '--postgres', address(), ...flags]
    const refused = await backstream(argv, { cwd, env: secrets() })
    equal(refused.status, 4, refused.stderr)
    match(refused.stderr, /backstream\.yaml, age\.key, \.env are there already/)
    const forced = await backstream([...argv, '--force'], { cwd, env: secrets() })
    equal(forced.status, 4, forced.stderr)
    for (const name of await readdir(cwd)) equal(await readFile(join(cwd, name), 'utf8'), 'mine')
  })

  it('writes nothing where the database cannot be read, and says why', async () => {
    const cwd = await folder('unreadable')
    const weak = await backstream(['init', '--postgres', address('weak'), ...flags], {
      cwd,
      env: { ...secrets(), PGPASSWORD: 'w' },
    })
    equal(weak.status, 1)
    match(
      weak.stderr,
      /user weak may not read all of shop: public\.items[\s\S]*GRANT pg_read_all_data/,
    )
    const away = ['init', '--postgres', `postgres://me@/away?host=${cwd}`, ...flags]
    const gone = await backstream(away, { cwd, env: secrets() })
    equal(gone.status, 1)
    match(gone.stderr, /away cannot be backed up from here: PostgreSQL cannot be asked/)
    const noClient = { ...secrets(), PATH: join(cwd, 'nowhere') }
    const missing = await backstream(['init', '--postgres', address(), ...flags], {
      cwd,
      env: noClient,
    })
    match(missing.stderr, /program psql is not on this machine/)
    deepEqual(await readdir(cwd), [])
    const unseen = await backstream([...away, '--no-probe', '--no-encryption'], {
      cwd,
      env: secrets(),
    })
    equal(unseen.status, 0, unseen.stderr)
    deepEqual((await readdir(cwd)).toSorted(), ['.env', 'backstream.yaml'])
    doesNotMatch(await readFile(join(cwd, 'backstream.yaml'), 'utf8'), /encryption/)
  })

  it('refuses a password in an address, and takes one from a file by reference', async () => {
    const cwd = await folder('password-file')
    const spoken = await backstream(['init', '--postgres', server.uri('shop'), ...flags], { cwd })
    equal(spoken.status, 2)
    ok(!spoken.stderr.includes(encodeURIComponent(server.password)))
    await writeFile(join(cwd, 'password'), `${server.password}\n`)
    const init = await backstream(
      ['init', '--postgres', address(), '--password-file', 'password', ...flags, '--json'],
      { cwd, env: { ...secrets(), PGPASSWORD: '' } },
    )
    equal(init.status, 0, init.stdout)
    const text = await readFile(join(cwd, 'backstream.yaml'), 'utf8')
    ok(text.includes(`password: { file: ${join(cwd, 'password')} }`))
    const document = JSON.parse(init.stdout)
    deepEqual([document.plans, document.variables], [['shop'], []])
    match(document.databases[0].found, /^PostgreSQL/)
  })
})
