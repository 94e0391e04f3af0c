import { deepEqual, equal, match } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import {
  findPostgres,
  leakGuard,
  type PrivatePostgres,
  startPostgresOn,
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

describe('the files of a PostgreSQL server', needsPostgres, () => {
  let server: PrivatePostgres
  let here: Installation
  let bucket: BucketView
  before(async () => {
    server = await startPrivatePostgres()
    await fillPostgres(server)
    here = await openInstallation({
      plans: () => `
  files: { source: { kind: postgres, uri: { env: PG_URI }, format: physical } }
  cut: { source: { kind: postgres, uri: { env: PG_URI }, format: physical } }
  old: { source: { kind: postgres, uri: { env: PG_URI } } }
  old-files: { source: { kind: postgres, uri: { env: PG_URI }, format: physical } }
`,
      isServed: false,
    })
    bucket = viewBucket(here.s3)
  })
  after(async () => {
    await bucket?.[Symbol.asyncDispose]()
    await here?.[Symbol.asyncDispose]()
    await server?.[Symbol.asyncDispose]()
  })
  leakGuard()

  const run = (plan: string, more: Readonly<Record<string, string>> = {}) => {
    const env = { ...here.env, PG_URI: server.uri('shop'), ...more }
    return here.run(['run', plan, '--wait', '--here'], { env })
  }

  it('are a server again, as of one moment under live writes', async () => {
    let isBusy = true
    const writing = (async () => {
      while (isBusy) await server.sql('shop', transfer)
    })()
    const taken = await run('files')
    isBusy = false
    await writing
    equal(taken.status, 0, taken.stderr)
    deepEqual(await bucket.consistency('files'), [
      'one moment (the files of the server and its log up to then)',
    ])
    const to = join(here.folder, 'back')
    const restored = await here.run(['restore', 'files', '--to', to])
    equal(restored.status, 0, restored.stderr)
    const data = join(here.folder, 'data')
    await mkdir(data, { mode: 0o700 })
    await promisify(execFile)('tar', ['-xpf', join(to, 'files'), '-C', data])
    await using again = await startPostgresOn(data, server.password)
    equal(await again.sql('shop', ledger), '100000|0\n')
    equal(await describePostgres(again), await describePostgres(server))
  })

  it('go into no server that runs, and the remedy says how they go back', async () => {
    const uri = `postgres://postgres@/copy?host=${server.host}`
    const env = { ...here.env, PGPASSWORD: server.password }
    const { status, stderr } = await here.run(['restore', 'files', '--into', uri], { env })
    equal(status, 1)
    match(stderr, /files of a whole server: they go into no server[\s\S]*--to DIR[\s\S]*tar -xpf/)
  })

  it('are not read, nor is a dump made, by a client older than the server', async () => {
    const bin = join(here.folder, 'old-bin')
    await mkdir(bin)
    for (const program of ['pg_dump', 'pg_basebackup']) {
      const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo '${program} (PostgreSQL) 9.6.24'; exit; fi\nexit 1\n`
      await writeFile(join(bin, program), script, { mode: 0o755 })
    }
    for (const [plan, program] of [
      ['old', 'pg_dump'],
      ['old-files', 'pg_basebackup'],
    ] as const) {
      const { status, stderr } = await run(plan, { PATH: `${bin}:${here.env['PATH']}` })
      equal(status, 1)
      const words = `${program} 9\\.6\\.24 on this machine is older than the server, PostgreSQL \\d`
      match(stderr, new RegExp(words))
      match(stderr, /Install postgresql-client-\d+ or newer there/)
      deepEqual((await here.json(['list', plan])).backups, [])
    }
  })

  const nothingLeft = async () =>
    deepEqual([await bucket.leftovers('cut'), await bucket.uploads()], [[], []])

  it('are no backup when the client ends with 0 and gave half', async () => {
    const filter = '{ head -c 5000000; cat > /dev/null; }'
    const path = await withFilter(here, { program: 'pg_basebackup', filter })
    const { status, stderr } = await run('cut', { PATH: path })
    equal(status, 1)
    match(stderr, /The output of pg_basebackup is not whole/)
    await nothingLeft()
  })

  it('are no backup when the server dies half way, and says so', async () => {
    const client = await withHold(here, { program: 'pg_basebackup', bytes: 5_000_000 })
    const running = run('cut', { PATH: client.path })
    await client.held()
    await server.kill()
    await client.letGo()
    const { status, stderr } = await running
    equal(status, 1)
    match(stderr, /The command pg_basebackup ended with status 1\. It said: /)
    await nothingLeft()
  })
})
