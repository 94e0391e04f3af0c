import { deepEqual, equal, match } from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  compareTrees,
  leakGuard,
  type PrivatePostgres,
  snapshotTree,
  startPrivatePostgres,
  waitFor,
} from '@backstream/testkit'
import { installStandIns, type StandIns } from '../stand-ins/install.ts'
import { startSshd, type TestSshd } from '../stand-ins/sshd.ts'
import { type Installation, openInstallation } from './cli-installation.ts'
import { type BucketView, viewBucket } from './main-job-bucket.ts'

let here: Installation
let bucket: BucketView
let server: PrivatePostgres
let sshd: TestSshd
let standIns: StandIns
let env: Readonly<Record<string, string>>
before(async () => {
  server = await startPrivatePostgres()
  await server.sql('postgres', 'CREATE DATABASE shop')
  await server.sql(
    'shop',
    'CREATE TABLE items AS SELECT id, md5(id::text) FROM generate_series(1, 30000) AS id',
  )
  here = await openInstallation({ plans, isServed: false })
  bucket = viewBucket(here.s3)
  standIns = await installStandIns(here.folder)
  sshd = await startSshd(here.folder, standIns.bin)
  env = {
    ...here.env,
    ...standIns.env,
    PATH: `${standIns.bin}:${here.env['PATH']}`,
    PG_SECRET: server.password,
  }
  await standIns.setContainers([
    { id: 'ab'.repeat(32), name: 'files' },
    {
      id: 'cd'.repeat(32),
      name: 'shop-web-1',
      labels: {
        'com.docker.compose.project': 'shop',
        'com.docker.compose.service': 'web',
        'com.docker.compose.oneoff': 'False',
      },
    },
  ])
})
after(async () => {
  await bucket[Symbol.asyncDispose]()
  await sshd[Symbol.asyncDispose]()
  await here[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})
leakGuard()

function plans(tree: string): string {
  const endless = `echo $$ > ${tree}-pid.tmp; mv ${tree}-pid.tmp ${tree}-pid; while :; do head -c 65536 /dev/zero; sleep 0.02; done`
  return `
  trees:
    sources:
      - { kind: directory, at: host, path: ${tree}, via: { ssh: { host: web-01 } } }
      - { kind: directory, at: container, path: ${tree}, via: { docker: { container: files } } }
      - { kind: directory, at: service, path: ${tree}, via: { compose: { project: shop, service: web } } }
  shop:
    source:
      kind: postgres
      host: ${server.host}
      user: postgres
      password: { env: PG_SECRET }
      databases: [shop]
      via: { ssh: { host: web-01 } }
  dropped:
    source:
      kind: postgres
      host: ${server.host}
      user: postgres
      password: { env: PG_SECRET }
      databases: [shop]
      via: { kubernetes: { workload: deployment/db } }
    hooks:
      before: { argv: [sh, -c, "echo quiet > ${tree}-before"], via: { docker: { container: files } } }
      after: { argv: [sh, -c, "echo loud > ${tree}-after"], via: { ssh: { host: web-01 } } }
  endless: { source: { kind: command, argv: [sh, -c, "${endless}"], via: { ssh: { host: web-01 } } } }
`
}

async function run(...args: string[]) {
  return await here.run(args, { env })
}

describe('sources elsewhere', () => {
  it('give the same trees back that are there', async () => {
    const { status, stderr } = await run('run', 'trees', '--wait', '--here')
    equal(status, 0, stderr)
    const to = join(here.folder, 'restored')
    equal((await run('restore', 'trees', '--to', to)).status, 0)
    const expected = await snapshotTree(here.tree)
    for (const at of ['host', 'container', 'service']) {
      deepEqual(compareTrees(expected, await snapshotTree(join(to, at))), [], at)
    }
    // Their paths are those of another place: nothing here may be written over.
    const refused = await run('restore', 'trees', '--source', 'host', '--into', 'source')
    match(refused.stderr, /lies elsewhere/)
    equal(refused.status === 0, false)
    // Of entries in their order, what lies at one path is found without reading the rest.
    const [first = ''] = (await run('ls', 'trees', 'service')).stdout.split('\n')
    match(first, /\S/)
  })

  it('may be databases, dumped by the client that is there', async () => {
    const taken = await run('run', 'shop', '--wait', '--here')
    equal(taken.status, 0, taken.stderr)
    await server.sql('shop', 'DROP TABLE items')
    const back = await run('restore', 'shop', '--into', 'source')
    equal(back.status, 0, back.stderr)
    equal((await server.sql('shop', 'SELECT count(*) FROM items')).trim(), '30000')
  })

  it('are no backup when the session is dropped with status 0 half way, and hooks run elsewhere too', async () => {
    const pod = { name: 'db-0', labels: { app: 'db' }, containers: ['db'] }
    const workloads = [{ kind: 'Deployment', name: 'db', labels: { app: 'db' } }]
    await standIns.setCluster({
      workloads,
      pods: [{ ...pod, fault: { kind: 'drop', afterBytes: 300_000, status: 0 } }],
    })
    const cut = await run('run', 'dropped', '--wait', '--here')
    equal(cut.status, 1, cut.stderr)
    match(
      cut.stderr,
      /pg_dump in the pod db-0, container db broke off after \d+ bytes: kubectl ended with status 0/,
    )
    deepEqual([await bucket.leftovers('dropped'), await bucket.uploads()], [[], []])
    deepEqual(await bucket.manifests('dropped'), [])
    equal(await readFile(`${here.tree}-before`, 'utf8'), 'quiet\n')
    equal(await readFile(`${here.tree}-after`, 'utf8'), 'loud\n')
    await standIns.setCluster({ workloads, pods: [pod] })
    const whole = await run('run', 'dropped', '--wait', '--here')
    equal(whole.status, 0, whole.stderr)
  })

  it('end with a run that is cancelled, and leave nothing', async () => {
    await using worker = here.start(['worker'], env)
    await worker.waitForOutput(/serves backups/)
    const waited = run('run', 'endless', '--wait', '--json')
    const file = `${here.tree}-pid`
    await waitFor(() => existsSync(file), { what: 'the command to begin', timeoutMs: 30_000 })
    equal((await run('cancel', 'endless')).status, 0)
    equal(JSON.parse((await waited).stdout).runs[0].outcome, 'cancelled')
    const pid = (await readFile(file, 'utf8')).trim()
    await waitFor(() => !existsSync(`/proc/${pid}`), { what: 'the command there to end' })
    deepEqual(await bucket.manifests('endless'), [])
    deepEqual(await bucket.leftovers('endless'), [])
  })
})
