import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  openTestS3,
  type PrivatePostgres,
  type PrivateRedis,
  sendRedis,
  startPrivatePostgres,
  startPrivateRedis,
  startProcess,
  type TestS3,
  temporaryDirectory,
} from '@backstream/testkit'
import { installStandIns } from '../stand-ins/install.ts'
import { startSshd } from '../stand-ins/sshd.ts'
import { Canaries } from './canaries.ts'
import { configuration, fillDatabase, planEnvironment, planted } from './canaries-configuration.ts'
import { backstream, cliFile } from './cli-fixture.ts'
import { viewBucket } from './main-job-bucket.ts'
import { needs } from './main-job-shell.ts'
import { writeMongoTools } from './mongo-stand-in.ts'

const resources = new AsyncDisposableStack()
let folder: string
let redis: PrivateRedis
let s3: TestS3
let postgres: PrivatePostgres
let env: Readonly<Record<string, string>>
let hook: Server
let output = ''
let heard = ''
const canaries = { current: new Canaries({}) }

before(async () => {
  folder = resources.use(await temporaryDirectory('canaries')).path
  redis = resources.use(await startPrivateRedis({ dir: folder, appendonly: true }))
  s3 = resources.use(await openTestS3())
  postgres = resources.use(await startPrivatePostgres())
  await fillDatabase(postgres)
  canaries.current = new Canaries({ ...planted, storage: s3.secretAccessKey })
  await sendRedis(redis.url, ['CONFIG', 'SET', 'requirepass', planted.redis])
  const standIns = await installStandIns(folder)
  const mongoTools = await writeMongoTools(folder)
  resources.use(await startSshd(folder, standIns.bin))
  await standIns.setCluster({
    workloads: [{ kind: 'StatefulSet', name: 'db', labels: { app: 'db' } }],
    pods: [{ name: 'db-0', labels: { app: 'db' }, containers: ['db'] }],
  })
  await standIns.setContainers([{ id: 'ab'.repeat(32), name: 'shop-db-1' }])
  hook = createServer((request, response) => {
    heard += `${request.url} ${request.rawHeaders.join(' ')}\n`
    response.writeHead(500).end('no')
  }).listen(0, '127.0.0.1')
  await once(hook, 'listening')
  const services = { redis, s3, postgres, hookPort: (hook.address() as AddressInfo).port }
  env = {
    PATH: `${standIns.bin}:${mongoTools.path}:${process.env['PATH']}`,
    HOME: folder,
    BACKSTREAM_LOG_LEVEL: 'debug',
    BACKSTREAM_LOG_FORMAT: 'json',
    ...(await planEnvironment(services)),
    ...standIns.env,
  }
  await writeFile(join(folder, 'backstream.yaml'), configuration(services))
  await start(['up'], /board is up[\s\S]*serves backups|serves backups[\s\S]*board is up/)
  await start(['worker', '--name', 'vault'], /serves backups\.vault/)
})
after(async () => {
  await resources.disposeAsync()
  hook.close()
})

async function start(args: readonly string[], isReady: RegExp): Promise<void> {
  const onOutput = (text: string) => {
    output += text
  }
  const command = { command: process.execPath, args: [cliFile, ...args], cwd: folder, env }
  await resources.use(startProcess({ ...command, onOutput })).waitForOutput(isReady, 30_000)
}

const good = ['local', 'pod', 'container', 'host', 'drilled', 'undrilled', 'cache', 'mongo']
const bad = ['failing', 'unreached', 'maria']

interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Each is 0 when absent. */
  readonly status?: number
}

async function run(args: readonly string[], options: RunOptions = {}): Promise<string> {
  const at = { cwd: options.cwd ?? folder, env: options.env ?? env }
  const { status, stdout, stderr } = await backstream(args, at)
  canaries.current.search(`the output of backstream ${args[0]}`, stdout + stderr)
  if (options.status !== undefined) equal(status, options.status, stdout + stderr)
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
describe('secrets', needs('zstd', 'psql', 'mariadb-dump'), () => {
  it('are in no list of processes while runs use them, and in nothing that is left of the runs', async () => {
    const stop = new AbortController()
    const watching = canaries.current.watchProcesses(stop.signal)
    try {
      await runPlans()
      await runDrills()
      await makeFirstContact()
    } finally {
      stop.abort()
    }
    const { looks, programs } = await watching
    // The watch has seen what it is to watch over.
    ok(looks > 20, `${looks} looks`)
    for (const program of [/kubectl/, /docker/, /ssh/, /psql|pg_dump|pg_restore/]) {
      ok(
        [...programs].some((line) => program.test(line)),
        `no ${program} was seen`,
      )
    }

    await searchPages()
    await searchCommands()
    await searchRedis()
    await searchBucket()
    match(output, /"plan":"failing"/)
    match(output, /"plan":"undrilled"/)
    match(output, /\[redacted\]/)
    canaries.current.search('the logs', output)
    // They were used, where they are meant to go.
    for (const name of ['webhook', 'header', 'heartbeat', 'ping', 'telemetry'] as const)
      ok(heard.includes(planted[name]), `${name} was sent to nobody`)
    deepEqual(canaries.current.found, [])
  })
})

async function runPlans(): Promise<void> {
  const document = JSON.parse(await run(['run', '--all', '--wait', '--json']))
  const outcomes = document.runs.map(({ plan, outcome }: Record<string, string>) => [plan, outcome])
  deepEqual(
    outcomes.toSorted(),
    [...good, ...bad]
      .toSorted()
      .map((plan) => [plan, good.includes(plan) ? 'committed' : 'failed']),
  )
}

/** By the worker that has the other server, and once with a server that is not there. */
async function runDrills(): Promise<void> {
  match(await run(['drill', 'drilled'], { status: 0 }), /rows: 500 rows in 1 tables/)
  await run(['drill', 'undrilled'], { status: 1 })
  await run(['drill', 'drilled', '--here'], { status: 0 })
}

/** All that `init` is told in secret lands in `.env`; the second command finds it there. */
async function makeFirstContact(): Promise<void> {
  const cwd = join(folder, 'first')
  await mkdir(cwd)
  const { host } = postgres
  const storage = ['--storage', `s3://${s3.bucket}/${s3.prefix}/first`, '--endpoint', s3.endpoint]
  const told = {
    PGPASSWORD: planted.reader,
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    REDIS_URL: redis.url.replace('//', `//:${encodeURIComponent(planted.redis)}@`),
  }
  const logged = { PATH: env['PATH'] ?? '', BACKSTREAM_LOG_LEVEL: 'debug' }
  const init = ['init', '--postgres', `postgres://reader@/shop?host=${host}`, ...storage]
  const options = ['--region', s3.region, '--no-encryption']
  await run([...init, ...options], { cwd, env: { ...logged, ...told }, status: 0 })
  await run(['run', 'shop', '--wait', '--here'], { cwd, env: logged, status: 0 })
  await run(['doctor'], { cwd, env: logged, status: 0 })
  const file = join(cwd, '.env')
  equal((await stat(file)).mode & 0o777, 0o600)
  const kept = await readFile(file, 'utf8')
  for (const secret of [told.PGPASSWORD, told.S3_SECRET_ACCESS_KEY, told.REDIS_URL])
    ok(kept.includes(secret), `one secret of ${Object.keys(told)} is not in .env`)
  for (const name of readdirSync(cwd).filter((name) => name !== '.env'))
    canaries.current.search(name, await readFile(join(cwd, name)))
}

async function searchPages(): Promise<void> {
  match(await page('/'), /failing/)
  match(await page('/metrics'), /backstream_runs_total|backstream_plan_/)
  for (const plan of ['drilled', 'undrilled']) await page(`/plans/${plan}`)
  await page('/queues')
  const { queues } = JSON.parse(await page('/queues/api/queues'))
  const names: string[] = queues.map(({ name }: { name: string }) => name)
  const jobs = (await Promise.all(names.map(searchJobs))).flat()
  ok(jobs.length >= good.length + bad.length + 2, `${jobs}`)
}

/** Every job of the queue, its log too. */
async function searchJobs(name: string): Promise<readonly string[]> {
  const list = `/queues/api/queues?activeQueue=${name}&page=1&jobsPerPage=50`
  const { queues } = JSON.parse(await page(list))
  const mine = queues.find((queue: { name: string }) => queue.name === name)
  const ids: string[] = (mine.jobs ?? []).map(({ id }: { id: string }) => id)
  for (const id of ids) {
    await page(`/queues/api/queues/${name}/${encodeURIComponent(id)}`)
    await page(`/queues/api/queues/${name}/${encodeURIComponent(id)}/logs`)
  }
  return ids
}

async function searchCommands(): Promise<void> {
  for (const args of [
    ['status'],
    ['list', '--json'],
    ['show', 'pod', '--json'],
    ['show', 'drilled', '--json'],
    ['validate'],
    ['doctor'],
    ['logs', 'failing'],
  ]) {
    await run(args)
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
  match(text, /"plan":"drilled"/)
}

async function searchBucket(): Promise<void> {
  await using bucket = viewBucket(s3)
  const keys = await bucket.keys()
  ok(keys.length >= 4 * good.length, `${keys.length} objects`)
  ok(
    keys.some((key) => key.startsWith('first/')),
    'the first backup',
  )
  for (const key of keys) {
    const bytes = await bucket.bytes(key)
    const plain = key.endsWith('.zst') ? execFileSync('zstd', ['-dcq'], { input: bytes }) : bytes
    canaries.current.search(`the object ${key}`, plain)
    canaries.current.search(`the name of ${key}`, key)
  }
}
