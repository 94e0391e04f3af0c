import { equal, match } from 'node:assert/strict'
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  findPostgres,
  findProgram,
  leakGuard,
  type PrivateMariadb,
  type PrivatePostgres,
  startPrivateMariadb,
  startPrivatePostgres,
  waitFor,
} from '@backstream/testkit'
import { type Installation, openInstallation } from './cli-installation.ts'
import { fillPostgres, transfer } from './postgres-data.ts'

const isThere = (await findPostgres()) && findProgram('mariadbd')
const needsServers = isThere
  ? {}
  : process.env['CI'] === 'true'
    ? { skip: false }
    : { skip: 'no postgresql or mariadb-server here' }

describe('a drill of a database', needsServers, () => {
  let postgres: PrivatePostgres
  let spare: PrivatePostgres
  let mariadb: PrivateMariadb
  let here: Installation
  let scratch: string
  let sockets: string
  before(async () => {
    postgres = await startPrivatePostgres()
    spare = await startPrivatePostgres()
    mariadb = await startPrivateMariadb()
    await fillPostgres(postgres)
    await spare.sql('postgres', `CREATE ROLE poor LOGIN PASSWORD 'poor'`)
    await mariadb.sql('', 'CREATE DATABASE shop')
    await mariadb.sql(
      'shop',
      `CREATE TABLE items (n int PRIMARY KEY, text varchar(99)); CREATE TABLE empty (n int);
       INSERT INTO items SELECT seq, concat(seq, '\\n(', seq, ');') FROM seq_1_to_5000;
       CREATE USER reader@localhost IDENTIFIED BY 'r'; GRANT SELECT ON shop.* TO reader@localhost`,
    )
    const postgresSource = '{ kind: postgres, uri: { env: SHOP_URI } }'
    const all = `{ kind: postgres, host: ${postgres.host}, user: postgres, password: { env: PG_SECRET }, databases: ["*"] }`
    const drill = (into: string) => `drill: { cron: "0 9 * * 0", to: "\${SCRATCH}", into: ${into} }`
    here = await openInstallation({
      plans: (tree) => `
  throwaway: { source: ${postgresSource}, ${drill('throwaway')} }
  all: { source: ${all}, ${drill('throwaway')} }
  given: { source: ${postgresSource}, ${drill('{ uri: { env: SPARE_URI } }')} }
  poor: { source: ${postgresSource}, ${drill('{ uri: { env: POOR_URI } }')} }
  both:
    sources:
      - { kind: mariadb, at: db, uri: { env: MARIA_URI }, databases: ["*"] }
      - { kind: directory, at: files, path: ${tree} }
    ${drill('throwaway')}
  maria-given: { source: { kind: mariadb, uri: { env: MARIA_URI } }, ${drill('{ uri: { env: MARIA_URI } }')} }
`,
      isServed: false,
    })
    scratch = join(here.folder, 'scratch')
    await mkdir(scratch)
    // Servers that run as another user must reach what they make there.
    await chmod(here.folder, 0o755)
    sockets = join(here.folder, 't')
    await mkdir(sockets)
    for (const folder of [scratch, sockets]) await chmod(folder, 0o755)
  })
  after(async () => {
    for (const each of [here, mariadb, spare, postgres]) await each?.[Symbol.asyncDispose]()
  })
  leakGuard()

  const environment = () => ({
    ...here.env,
    SCRATCH: scratch,
    TMPDIR: sockets,
    PG_SECRET: postgres.password,
    SHOP_URI: postgres.uri('shop'),
    SPARE_URI: spare.uri('postgres'),
    POOR_URI: spare.uri('postgres', { user: 'poor', password: 'poor' }),
    MARIA_URI: mariadb.uri('shop'),
  })
  const backUp = async (plan: string) => {
    const taken = await here.run(['run', plan, '--wait', '--here'], { env: environment() })
    equal(taken.status, 0, taken.stderr)
  }
  const drill = (plan: string) => here.run(['drill', plan], { env: environment() })
  const nothingLeft = async () => {
    const list = `SELECT count(*) FROM pg_database WHERE datname LIKE 'backstream%'`
    equal(await spare.sql('postgres', list), '0\n')
    equal(await mariadb.sql('', `SHOW DATABASES LIKE 'backstream%'`), '')
    equal((await readdir(scratch)).length, 0)
    equal((await readdir(sockets)).filter((name) => /^bs-/.test(name)).length, 0)
  }

  it('restores into a server started for it, and counts what was counted under live writes', async () => {
    let isBusy = true
    const writing = (async () => {
      while (isBusy) await postgres.sql('shop', transfer)
    })()
    await backUp('throwaway')
    isBusy = false
    await writing
    const { status, stdout, stderr } = await drill('throwaway')
    equal(status, 0, stdout + stderr)
    match(stdout, /databases: 1 dumps restored into a PostgreSQL server started for it/)
    match(stdout, /rows: [3-9]\d{4} rows in \d+ tables, as counted at backup/)
    match(stdout, /drill passed: .*B restored in/)
    await nothingLeft()
    const told = await here.run(['status'], { env: environment() })
    match(told.stdout, /throwaway[\s\S]*drill/)
  })

  it('restores roles first where the backup has them, and each database under its name', async () => {
    await backUp('all')
    const { status, stdout, stderr } = await drill('all')
    equal(status, 0, stdout + stderr)
    match(stdout, /databases: 4 dumps restored/)
    await nothingLeft()
  })

  it('restores into a server that is there, under names that are gone afterwards', async () => {
    await backUp('given')
    const stale = `backstream_drill_given_${(1e9).toString(36)}_1`
    await spare.sql('postgres', `CREATE DATABASE ${stale}`)
    const { status, stdout, stderr } = await drill('given')
    equal(status, 0, stdout + stderr)
    match(stdout, /1 dumps restored into scratch databases of the PostgreSQL server/)
    await nothingLeft()
  })

  it('fails, with the table, where a row is not there that was counted', async () => {
    const bin = join(here.folder, 'lossy-bin')
    await mkdir(bin)
    const script = `#!/bin/sh
PATH='${here.env['PATH']}'
pg_restore "$@" || exit
for last; do :; done
psql -qc 'DELETE FROM sales.accounts WHERE id = 1' "\${last#--dbname=}"
`
    await writeFile(join(bin, 'pg_restore'), script, { mode: 0o755 })
    const env = { ...environment(), PATH: `${bin}:${here.env['PATH']}` }
    const { status, stdout, stderr } = await here.run(['drill', 'given'], { env })
    equal(status, 1, stderr)
    match(stdout, /FAILED {2}rows: not as counted at backup: sales\.accounts 99 instead of 100/)
    await nothingLeft()
  })

  it('leaves nothing behind when it is interrupted in the middle', async () => {
    const bin = join(here.folder, 'slow-bin')
    await mkdir(bin)
    await writeFile(join(bin, 'pg_restore'), '#!/bin/sh\nsleep 600\n', { mode: 0o755 })
    const env = { ...environment(), PATH: `${bin}:${here.env['PATH']}` }
    await using running = here.start(['drill', 'given'], env)
    const list = `SELECT count(*) FROM pg_database WHERE datname LIKE 'backstream%'`
    await waitFor(async () => (await spare.sql('postgres', list)) === '1\n', {
      timeoutMs: 30_000,
      what: 'a scratch database',
    })
    running.signal('SIGINT')
    equal((await running.exited).code, 130)
    await nothingLeft()
  })

  it('fails with the cause where the server refuses it', async () => {
    await backUp('poor')
    const { status, stdout } = await drill('poor')
    equal(status, 1)
    match(stdout, /FAILED {2}databases: .*permission denied to create database/)
    await nothingLeft()
  })

  it('restores MariaDB with its users, and the files beside it into a directory', async () => {
    await backUp('both')
    const { status, stdout, stderr } = await drill('both')
    equal(status, 0, stdout + stderr)
    match(stdout, /restore: \d+ entries restored and compared/)
    match(stdout, /2 dumps restored into a MariaDB server started for it/)
    match(stdout, /rows: 5000 rows in 2 tables/)
    await backUp('maria-given')
    const given = await drill('maria-given')
    equal(given.status, 0, given.stdout + given.stderr)
    match(given.stdout, /rows: 5000 rows in 2 tables/)
    await nothingLeft()
  })
})
