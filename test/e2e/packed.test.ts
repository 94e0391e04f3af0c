/** What `npm run pack` makes, installed into an empty directory: a stranger's machine with Node 24 and npm. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  compareTrees,
  type HearingServer,
  leakGuard,
  openTestRedis,
  openTestS3,
  seededTree,
  snapshotTree,
  startHearingServer,
  startProcess,
  type TemporaryDirectory,
  type TestRedis,
  type TestS3,
  temporaryDirectory,
} from '@backstream/testkit'

const execute = promisify(execFile)
const repository = fileURLToPath(new URL('../../', import.meta.url))

let folder: TemporaryDirectory
let redis: TestRedis
let s3: TestS3
let collector: HearingServer
before(async () => {
  ;[folder, redis, s3, collector] = await Promise.all([
    temporaryDirectory('packed'),
    openTestRedis(),
    openTestS3(),
    startHearingServer(),
  ])
  const cwd = repository
  const { stdout } = await execute('node', ['tools/pack.ts', '--to', folder.path], { cwd })
  await mkdir(installed())
  const install = ['install', '--offline', '--no-audit', '--no-fund', '--loglevel=error']
  await execute('npm', [...install, stdout.trim()], { cwd: installed() })
  const tree = join(folder.path, 'tree')
  await mkdir(tree)
  await seededTree(tree, { files: 20, bytes: 200_000, seed: 5 })
  await writeFile(join(folder.path, 'backstream.yaml'), configuration())
})
after(async () => {
  await collector?.[Symbol.asyncDispose]()
  await s3?.[Symbol.asyncDispose]()
  await redis?.[Symbol.asyncDispose]()
  await folder?.[Symbol.asyncDispose]()
})
leakGuard()

const installed = (path = '') => join(folder.path, 'empty', path)
const program = () => installed('node_modules/.bin/backstream')
const environment = () => ({
  PATH: process.env['PATH'] ?? '',
  HOME: folder.path,
  TZ: 'UTC',
  REDIS_URL: redis.url,
  S3_ID: s3.accessKeyId,
  S3_SECRET: s3.secretAccessKey,
})

async function backstream(...args: readonly string[]): Promise<string> {
  const { stdout } = await execute(program(), args, { cwd: folder.path, env: environment() })
  return stdout
}

function configuration(): string {
  return `
version: 1
name: ${redis.prefix}
redis: "\${REDIS_URL}"
board: { listen: "127.0.0.1:0" }
telemetry: { url: ${collector.url}/ }
storages:
  main:
    kind: s3
    bucket: ${s3.bucket}
    prefix: ${s3.prefix}
    region: ${s3.region}
    endpoint: ${s3.endpoint}
    pathStyle: true
    credentials: { accessKeyId: { env: S3_ID }, secretAccessKey: { env: S3_SECRET } }
defaults: { storage: main, schedule: { every: 300d } }
plans:
  home: { source: { kind: directory, path: ${folder.path}/tree } }
  database: { source: { kind: sqlite, path: ${folder.path}/shop.db } }
`
}

describe('the packed command', () => {
  it('needs no other package, and keeps compiled code beside itself', async () => {
    deepEqual(await readdir(installed('node_modules')), [
      '.bin',
      '.package-lock.json',
      'backstream',
    ])
    await backstream('--version')
    const [kept = ''] = await readdir(installed('node_modules/.cache/backstream'))
    ok((await readdir(installed(`node_modules/.cache/backstream/${kept}`))).length > 5)
  })

  it('says its version, helps, checks an example, and brings its man page', async () => {
    match(await backstream('--version'), /^backstream \d+\.\d+\.\d+\n$/)
    match(await backstream('restore', '--help'), /^Usage: backstream restore \[options\] <ref>/)
    const example = join(repository, 'examples', 'forty-hosts.yaml')
    match(await backstream('validate', '-c', example), /is valid: 40 plans/)
    const page = await readFile(installed('node_modules/backstream/man/backstream.1'), 'utf8')
    match(page, /^\.TH BACKSTREAM 1/)
  })

  it('backs up a directory, and restores it', async () => {
    await backstream('run', 'home', '--here', '--wait')
    ok(collector.heard.length > 0, 'its trace was sent')
    const restored = join(folder.path, 'restored')
    await backstream('restore', 'home', '--to', restored)
    const tree = await snapshotTree(join(folder.path, 'tree'))
    deepEqual(compareTrees(tree, await snapshotTree(restored)), [])
    equal((await backstream('list', 'home', '--json')).includes('"good"'), true)
  })

  it('backs up an SQLite file, and restores it', async () => {
    const file = join(folder.path, 'shop.db')
    using database = new DatabaseSync(file)
    database.exec('CREATE TABLE accounts (id INTEGER); INSERT INTO accounts VALUES (1), (2), (3)')
    await backstream('run', 'database', '--here', '--wait')
    const to = join(folder.path, 'restored-database')
    await backstream('restore', 'database', '--to', to)
    deepEqual(await readFile(join(to, 'database')), await readFile(file))
  })

  it('serves the board and the pages of Bull Board, started by `up`', async () => {
    const { path: cwd } = folder
    const args = ['up', '--log-format', 'json']
    await using up = startProcess({ command: program(), args, cwd, env: environment() })
    const [, url] = await up.waitForOutput(/"url":"(http:[^"]+)"/, 30_000)
    match(await textAt(`${url}/`), /home/)
    match(await textAt(`${url}/assets/board.css`), /\{/)
    const queues = await textAt(`${url}/queues/`)
    const scripts = [...queues.matchAll(/<script[^>]* src="([^"]+)"/g)].map(([, src = '']) => src)
    ok(scripts.length > 0, queues)
    for (const src of scripts) ok((await textAt(new URL(src, `${url}/queues/`))).length > 0)
    equal((await up.stop()).code, 0, up.stderr())
  })

  it('names every package that is in it, with its licence', async () => {
    const inside = installed('node_modules/backstream')
    const notices = await readFile(join(inside, 'THIRD-PARTY-NOTICES'), 'utf8')
    const code = await Promise.all(
      (await readdir(join(inside, 'program'))).map((file) =>
        readFile(join(inside, 'program', file), 'utf8'),
      ),
    )
    const names = new Set(
      [...code.join('\n').matchAll(/^ *\/\/ .*node_modules\/((?:@[^/\n]+\/)?[^/\n]+)\//gm)].map(
        ([, name = '']) => name,
      ),
    )
    ok(names.size > 50, `${names.size} packages`)
    const isNamed = (name: string) => notices.includes(`\n${name} `)
    deepEqual(
      [...names, '@bull-board/ui'].filter((name) => !isNamed(name)),
      [],
    )
  })
})

async function textAt(url: string | URL): Promise<string> {
  const response = await fetch(url)
  equal(response.status, 200, `${url}`)
  return await response.text()
}
