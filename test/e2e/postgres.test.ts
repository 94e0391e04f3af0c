import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import {
  findPostgres,
  leakGuard,
  type PrivatePostgres,
  startPrivatePostgres,
} from '@backstream/testkit'
import { type Installation, openInstallation } from './cli-installation.ts'
import { type BucketView, viewBucket } from './main-job-bucket.ts'
import { describePostgres, fillPostgres, ledger, transfer } from './postgres-data.ts'
import { withFilter, withHold } from './shortened-client.ts'

const needsPostgres = (await findPostgres())
  ? {}
  : process.env['CI'] === 'true'
    ? { skip: false }
    : { skip: 'no postgresql here' }

const reader = { user: 'backup', password: 'r3ader' }

describe('PostgreSQL', needsPostgres, () => {
  let server: PrivatePostgres
  let here: Installation
  let bucket: BucketView
  before(async () => {
    server = await startPrivatePostgres()
    await fillPostgres(server)
    await server.sql('postgres', `CREATE ROLE backup LOGIN PASSWORD 'r3ader'`)
    here = await openInstallation({
      plans: () => `
  all: { source: { kind: postgres, host: ${server.host}, user: postgres, password: { env: PG_SECRET }, databases: ["*"] } }
  shop: { source: { kind: postgres, uri: { env: SHOP_URI } } }
  half: { source: { kind: postgres, uri: { env: SHOP_URI } } }
  killed: { source: { kind: postgres, uri: { env: SHOP_URI } } }
  weak: { source: { kind: postgres, uri: { env: WEAK_URI } } }
  unknown: { source: { kind: postgres, uri: { env: SHOP_URI }, databases: [shop, nope, "x*"] } }
  down: { source: { kind: postgres, host: ${server.host}/nowhere, user: postgres } }
`,
    })
    bucket = viewBucket(here.s3)
  })
  after(async () => {
    await bucket?.[Symbol.asyncDispose]()
    await here?.[Symbol.asyncDispose]()
    await server?.[Symbol.asyncDispose]()
  })
  leakGuard()

  function environment(): Record<string, string> {
    return {
      ...here.env,
      PG_SECRET: server.password,
      SHOP_URI: server.uri('shop'),
      WEAK_URI: server.uri('shop', reader),
    }
  }

  const run = (plan: string) => here.run(['run', plan, '--wait', '--here'], { env: environment() })

  it('comes back into an empty server as it was, with what no table holds', async () => {
    let isBusy = true
    const writing = (async () => {
      while (isBusy) await server.sql('shop', transfer)
    })()
    const taken = await run('all')
    isBusy = false
    await writing
    equal(taken.status, 0, taken.stderr)
    await using empty = await startPrivatePostgres()
    const uri = `postgres://postgres@/?host=${empty.host}`
    const env = { ...here.env, PGPASSWORD: empty.password }
    const restored = await here.run(['restore', 'all', '--into', uri], { env })
    equal(restored.status, 0, restored.stderr)
    // Its superuser now has the password that the first server had: that of both is the same.
    equal(await describePostgres(empty), await describePostgres(server))
    equal(await empty.sql('shop', ledger), '100000|0\n')
    deepEqual(await bucket.consistency('all'), [
      'each database as of one moment (a snapshot); roles and tablespaces as they were before',
    ])
    const { stdout, stderr } = await here.run(['ls', 'all', '--recursive'])
    for (const name of ['all/globals.sql', 'all/shop.dump', 'all/odd%2Fn%C3%A4me%20x.dump'])
      match(stdout, new RegExp(name), stderr)
  })

  it('lies under one name when it is one database, for pg_restore to take', async () => {
    const taken = await run('shop')
    equal(taken.status, 0, taken.stderr)
    const to = join(here.folder, 'shop-dump')
    const restored = await here.run(['restore', 'shop', '--to', to])
    equal(restored.status, 0, restored.stderr)
    const { stdout } = await promisify(execFile)('pg_restore', ['--list', join(to, 'shop')])
    match(stdout, /TABLE DATA sales accounts/)
    const facts = JSON.parse(await readFile(join(to, 'shop.backstream.json'), 'utf8'))
    deepEqual([facts.kind, facts.database], ['postgres', 'shop'])
  })

  it('is put back into a database of another name, and never over something', async () => {
    const uri = `postgres://postgres@/copy?host=${server.host}`
    const env = { ...here.env, PGPASSWORD: server.password }
    const first = await here.run(['restore', 'shop', '--into', uri], { env })
    equal(first.status, 0, first.stderr)
    equal(await server.sql('copy', ledger), '100000|0\n')
    const again = await here.run(['restore', 'shop', '--into', uri], { env })
    equal(again.status, 4, again.stderr)
    match(again.stderr, /database copy is there, and not empty/)
    await server.sql('copy', 'DROP TABLE sales.transfers')
    const over = await here.run(['restore', 'shop', '--into', uri, '--overwrite', 'always'], {
      env,
    })
    equal(over.status, 0, over.stderr)
    equal(await server.sql('copy', ledger), '100000|0\n')
  })

  const nothingLeft = async (plan: string) => {
    deepEqual([await bucket.leftovers(plan), await bucket.uploads()], [[], []])
    deepEqual((await here.json(['list', plan])).backups, [])
  }

  it('is no backup when the client ends with 0 and gave half', async () => {
    const env = {
      ...environment(),
      PATH: await withFilter(here, {
        program: 'pg_dump',
        filter: '{ head -c 2000000; cat > /dev/null; }',
      }),
    }
    const { status, stderr } = await here.run(['run', 'half', '--wait', '--here'], { env })
    equal(status, 1)
    match(stderr, /The output of pg_dump of shop is not whole: it ends in the data of entry \d+/)
    await nothingLeft('half')
  })

  it('refuses a password on the command line', async () => {
    const { status, stderr } = await here.run(['restore', 'shop', '--into', server.uri('copy')])
    equal(status, 2)
    match(stderr, /password stands in the address/)
    ok(!stderr.includes(encodeURIComponent(server.password)))
  })

  it('tells before a byte is read what may not be read, and what is not there', async () => {
    const weak = await run('weak')
    equal(weak.status, 1)
    match(weak.stderr, /user backup may not read all of shop: sales\.accounts, sales\.invoices/)
    match(weak.stderr, /GRANT pg_read_all_data TO "backup"/)
    const unknown = await run('unknown')
    match(unknown.stderr, /called or matches nope; .*called or matches x\*/)
    const down = await run('down')
    match(down.stderr, /PostgreSQL cannot be asked: .*No such file or directory/)
    for (const plan of ['weak', 'unknown', 'down'])
      deepEqual((await here.json(['list', plan])).backups, [])
  })

  it('is no backup when the server dies half way, and says so', async () => {
    const client = await withHold(here, { program: 'pg_dump', bytes: 2_000_000 })
    const env = { ...environment(), PATH: client.path }
    const running = here.run(['run', 'killed', '--wait', '--here'], { env })
    await client.held()
    await server.kill()
    await client.letGo()
    const { status, stderr } = await running
    equal(status, 1)
    match(
      stderr,
      /The command pg_dump of shop ended with status 1\. It said: .*server closed the connection/s,
    )
    await nothingLeft('killed')
  })
})
