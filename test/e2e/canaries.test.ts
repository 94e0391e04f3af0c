import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  freePort,
  openTestS3,
  type PrivateRedis,
  type StartedProcess,
  sendRedis,
  startPrivateRedis,
  startProcess,
  type TestS3,
  temporaryDirectory,
} from '@backstream/testkit'
import { installStandIns } from '../stand-ins/install.ts'
import { startSshd } from '../stand-ins/sshd.ts'
import { Canaries } from './canaries.ts'
import { backstream, cliFile } from './cli-fixture.ts'
import { viewBucket } from './main-job-bucket.ts'
import { needs } from './main-job-shell.ts'

/** One in every place where a configuration takes a secret. */
const planted = {
  redis: 'canary+redis/0f3a9c',
  board: 'canary+board/1b7d2e',
  webhook: 'canary-webhook-2c8e4f',
  header: 'canary+header/3d9f5a',
  heartbeat: 'canary-heartbeat-4ea06b',
  command: 'canary+command/5fb17c',
  failing: 'canary+failing/60c28d',
  pod: "canary'pod 71d39e",
  host: 'canary"host 82e4af',
  container: 'canary$container 93f5b0',
  database: 'canary+database/a406c1',
}

const resources = new AsyncDisposableStack()
let folder: string
let redis: PrivateRedis
let s3: TestS3
let env: Readonly<Record<string, string>>
let up: StartedProcess
let hook: Server
let output = ''
const canaries = { current: new Canaries({}) }

before(async () => {
  folder = resources.use(await temporaryDirectory('canaries')).path
  redis = resources.use(await startPrivateRedis({ dir: folder, appendonly: true }))
  s3 = resources.use(await openTestS3())
  canaries.current = new Canaries({ ...planted, storage: s3.secretAccessKey })
  await sendRedis(redis.url, ['CONFIG', 'SET', 'requirepass', planted.redis])
  const standIns = await installStandIns(folder)
  resources.use(await startSshd(folder, standIns.bin))
  await standIns.setCluster({
    workloads: [{ kind: 'StatefulSet', name: 'db', labels: { app: 'db' } }],
    pods: [{ name: 'db-0', labels: { app: 'db' }, containers: ['db'] }],
  })
  await standIns.setContainers([{ id: 'ab'.repeat(32), name: 'shop-db-1' }])
  hook = createServer((_, response) => response.writeHead(500).end('no')).listen(0, '127.0.0.1')
  await once(hook, 'listening')
  env = await environment(standIns.bin, standIns.env)
  await writeFile(join(folder, 'backstream.yaml'), configuration())
  up = startProcess({
    command: process.execPath,
    args: [cliFile, 'up'],
    cwd: folder,
    env,
    onOutput: (text) => {
      output += text
    },
  })
  resources.use(up)
  await up.waitForOutput(/board is up/, 30_000)
  await up.waitForOutput(/serves backups/, 30_000)
})
after(async () => {
  await resources.disposeAsync()
  hook.close()
})

async function environment(
  bin: string,
  more: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const { port } = hook.address() as AddressInfo
  return {
    PATH: `${bin}:${process.env['PATH']}`,
    HOME: folder,
    BACKSTREAM_LOG_LEVEL: 'debug',
    BACKSTREAM_LOG_FORMAT: 'json',
    BOARD_PORT: String(await freePort()),
    S3_ID: s3.accessKeyId,
    S3_SECRET: s3.secretAccessKey,
    REDIS_PASSWORD: planted.redis,
    BOARD_PASSWORD: planted.board,
    HOOK_URL: `http://127.0.0.1:${port}/${planted.webhook}`,
    HOOK_HEADER: planted.header,
    HEARTBEAT_URL: `http://127.0.0.1:${port}/${planted.heartbeat}`,
    DB_URI: `postgres://me:${encodeURIComponent(planted.database)}@127.0.0.1:1/shop`,
    ...Object.fromEntries(
      (['command', 'failing', 'pod', 'host', 'container'] as const).map((name) => [
        `SECRET_${name.toUpperCase()}`,
        planted[name],
      ]),
    ),
    ...more,
  }
}

function configuration(): string {
  // Each says its secret on standard error, as programs do that were told to be verbose.
  const source = (name: string, status = 0): string =>
    `kind: command, argv: [sh, -c, "echo using $TOKEN >&2; echo data; sleep 1; exit ${status}"], env: { TOKEN: { env: SECRET_${name} } }`
  return `
version: 1
name: canaries
redis: { url: "${redis.url}", password: { env: REDIS_PASSWORD } }
board: { listen: "127.0.0.1:\${BOARD_PORT}", users: { me: { role: operator, password: { env: BOARD_PASSWORD } } } }
notify:
  ops: { kind: webhook, url: { env: HOOK_URL }, headers: { authorization: { env: HOOK_HEADER } }, on: [failed, succeeded] }
heartbeat: { url: { env: HEARTBEAT_URL }, every: 10s }
storages:
  main:
    kind: s3
    bucket: ${s3.bucket}
    prefix: ${s3.prefix}
    region: ${s3.region}
    endpoint: ${s3.endpoint}
    pathStyle: true
    credentials: { accessKeyId: { env: S3_ID }, secretAccessKey: { env: S3_SECRET } }
defaults: { storage: main, attempts: 1, notify: [ops] }
plans:
  local: { source: { ${source('COMMAND')} } }
  failing: { source: { ${source('FAILING', 3)} } }
  pod: { source: { ${source('POD')}, via: { kubernetes: { workload: statefulset/db } } } }
  container: { source: { ${source('CONTAINER')}, via: { docker: { container: shop-db-1 } } } }
  host: { source: { ${source('HOST')}, via: { ssh: { host: web-01 } } } }
  database: { source: { kind: postgres, uri: { env: DB_URI } } }
`
}

const good = ['local', 'pod', 'container', 'host']

async function run(...args: string[]): Promise<string> {
  const { stdout, stderr } = await backstream(args, { cwd: folder, env })
  canaries.current.search(`the output of backstream ${args[0]}`, stdout + stderr)
  return stdout
}

async function page(path: string): Promise<string> {
  const login = Buffer.from(`me:${planted.board}`).toString('base64')
  const response = await fetch(`http://127.0.0.1:${env['BOARD_PORT']}${path}`, {
    headers: { authorization: `Basic ${login}` },
  })
  const text = await response.text()
  equal(response.status, 200, `${path}: ${text.slice(0, 200)}`)
  canaries.current.search(`the board's ${path}`, text)
  return text
}

/** In one go: each place is looked at when everything has passed through it. */
describe('secrets', needs('zstd'), () => {
  it('are in no list of processes while runs use them, and in nothing that is left of the runs', async () => {
    const stop = new AbortController()
    const watching = canaries.current.watchProcesses(stop.signal)
    const document = JSON.parse(await run('run', '--all', '--wait', '--json'))
    stop.abort()
    const { looks, programs } = await watching
    const outcomes = document.runs.map(({ plan, outcome }: Record<string, string>) => [
      plan,
      outcome,
    ])
    deepEqual(
      outcomes.toSorted(),
      ['container', 'database', 'failing', 'host', 'local', 'pod'].map((plan) => [
        plan,
        good.includes(plan) ? 'committed' : 'failed',
      ]),
    )
    // The watch has seen what it is to watch over.
    ok(looks > 20, `${looks} looks`)
    for (const program of ['kubectl', 'docker', 'ssh']) {
      ok(
        [...programs].some((line) => line.includes(program)),
        `no ${program} was seen`,
      )
    }

    await searchPages()
    await searchCommands()
    await searchRedis()
    await searchBucket()
    match(output, /"plan":"failing"/)
    match(output, /\[redacted\]/)
    canaries.current.search('the logs', output)
    deepEqual(canaries.current.found, [])
  })
})

async function searchPages(): Promise<void> {
  match(await page('/'), /failing/)
  match(await page('/metrics'), /backstream_runs_total|backstream_plan_/)
  await page('/queues')
  const { queues } = JSON.parse(
    await page('/queues/api/queues?activeQueue=backups&page=1&jobsPerPage=50'),
  )
  const jobs = queues.flatMap(({ jobs = [] }: { jobs?: { id: string }[] }) => jobs)
  ok(jobs.length >= 6, `${jobs.length} jobs`)
  for (const { id } of jobs) {
    await page(`/queues/api/queues/backups/${encodeURIComponent(id)}`)
    await page(`/queues/api/queues/backups/${encodeURIComponent(id)}/logs`)
  }
}

async function searchCommands(): Promise<void> {
  for (const args of [
    ['status'],
    ['list', '--json'],
    ['show', 'pod', '--json'],
    ['validate'],
    ['doctor'],
    ['logs', 'failing'],
  ]) {
    await run(...args)
  }
}

/** All that was ever written there: the append-only file holds it in plain text. */
async function searchRedis(): Promise<void> {
  let text = ''
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name)
    if (!/\.(aof|rdb|manifest)/.test(name) || !statSync(path).isFile()) continue
    const content = readFileSync(path)
    text += content.toString('latin1')
    canaries.current.search(`Redis (${name})`, content)
  }
  match(text, /\{"version":1,.*"plan":"pod"|"plan":"pod"/)
}

async function searchBucket(): Promise<void> {
  await using bucket = viewBucket(s3)
  const keys = await bucket.keys()
  ok(keys.length >= 4 * good.length, `${keys.length} objects`)
  for (const key of keys) {
    const bytes = await bucket.bytes(key)
    const plain = key.endsWith('.zst') ? execFileSync('zstd', ['-dcq'], { input: bytes }) : bytes
    canaries.current.search(`the object ${key}`, plain)
    canaries.current.search(`the name of ${key}`, key)
  }
}
