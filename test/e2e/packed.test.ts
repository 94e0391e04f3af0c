/** What `npm run pack` makes, installed into an empty directory: a stranger's machine with Node 24 and npm. */
import { deepEqual, equal, match } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  compareTrees,
  leakGuard,
  openTestRedis,
  openTestS3,
  seededTree,
  snapshotTree,
  temporaryDirectory,
} from '@backstream/testkit'

const execute = promisify(execFile)
const repository = fileURLToPath(new URL('../../', import.meta.url))

let folder: Awaited<ReturnType<typeof temporaryDirectory>>
before(async () => {
  folder = await temporaryDirectory('packed')
  const cwd = repository
  const { stdout } = await execute('node', ['tools/pack.ts', '--to', folder.path], { cwd })
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
  await mkdir(join(folder.path, 'empty'))
  await execute('npm', [...install, stdout.trim()], { cwd: join(folder.path, 'empty') })
})
after(async () => await folder?.[Symbol.asyncDispose]())
leakGuard()

async function backstream(args: readonly string[], env: Record<string, string> = {}) {
  const program = join(folder.path, 'empty', 'node_modules', '.bin', 'backstream')
  const base = { PATH: process.env['PATH'] ?? '', HOME: folder.path, TZ: 'UTC' }
  const { stdout } = await execute(program, args, { cwd: folder.path, env: { ...base, ...env } })
  return stdout
}

describe('the packed command', () => {
  it('says its version, checks an example, and brings its man page', async () => {
    match(await backstream(['--version']), /^backstream \d+\.\d+\.\d+\n$/)
    const example = join(repository, 'examples', 'forty-hosts.yaml')
    match(await backstream(['validate', '-c', example]), /is valid: 40 plans/)
    const page = join(folder.path, 'empty/node_modules/backstream/man/backstream.1')
    match((await execute('head', ['-1', page])).stdout, /^\.TH BACKSTREAM 1/)
  })

  it('backs up and restores', async () => {
    await using redis = await openTestRedis()
    await using s3 = await openTestS3()
    const tree = join(folder.path, 'tree')
    await mkdir(tree)
    await seededTree(tree, { files: 20, bytes: 200_000, seed: 5 })
    const config = `
version: 1
name: ${redis.prefix}
redis: "\${REDIS_URL}"
storages:
  main:
    kind: s3
    bucket: ${s3.bucket}
    prefix: ${s3.prefix}
    region: ${s3.region}
    endpoint: ${s3.endpoint}
    pathStyle: true
    credentials: { accessKeyId: { env: S3_ID }, secretAccessKey: { env: S3_SECRET } }
plans:
  home: { storage: main, schedule: { every: 12h }, source: { kind: directory, path: ${tree} } }
`
    await writeFile(join(folder.path, 'backstream.yaml'), config)
    const env = { REDIS_URL: redis.url, S3_ID: s3.accessKeyId, S3_SECRET: s3.secretAccessKey }
    await backstream(['run', 'home', '--here', '--wait'], env)
    const restored = join(folder.path, 'restored')
    await backstream(['restore', 'home', '--to', restored], env)
    deepEqual(compareTrees(await snapshotTree(tree), await snapshotTree(restored)), [])
    equal((await backstream(['list', 'home', '--json'], env)).includes('"good"'), true)
  })
})
