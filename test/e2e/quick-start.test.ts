/** docs/quick-start.md, its `sh` blocks run one after the other in one shell, on a real Redis and S3 server. */
import { equal, match } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  freePort,
  leakGuard,
  openTestRedis,
  openTestS3,
  seededTree,
  temporaryDirectory,
} from '@backstream/testkit'

const program = fileURLToPath(new URL('../../apps/cli/bin/backstream.js', import.meta.url))
const page = await readFile(new URL('../../docs/quick-start.md', import.meta.url), 'utf8')
const script = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block).join('')

leakGuard()

it('leads from nothing to a backup that was restored and compared', async () => {
  await using redis = await openTestRedis()
  await using s3 = await openTestS3()
  await using folder = await temporaryDirectory('quick-start')
  const home = folder.path
  const data = join(home, 'media')
  await mkdir(data)
  await seededTree(data, { files: 20, bytes: 200_000, seed: 3 })
  await mkdir(join(home, 'bin'))
  await symlink(program, join(home, 'bin', 'backstream'))

  const child = spawn('bash', ['-euo', 'pipefail', '-c', `trap 'kill $(jobs -p)' ERR\n${script}`], {
    cwd: home,
    env: {
      PATH: `${join(home, 'bin')}:${process.env['PATH']}`,
      HOME: home,
      TZ: 'UTC',
      REDIS_URL: redis.url,
      S3_ACCESS_KEY_ID: s3.accessKeyId,
      S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
      STORE: `s3://${s3.bucket}/${s3.prefix}`,
      ENDPOINT: s3.endpoint,
      REGION: s3.region,
      DATA: data,
      // So that tests that run at the same time stay apart.
      BACKSTREAM_NAME: redis.prefix,
      BACKSTREAM_BOARD_LISTEN: `127.0.0.1:${await freePort()}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ended,
  ])
  const log = await readFile(join(home, 'backstream.log'), 'utf8').catch(() => '')
  equal(status, 0, `${stdout}\n${stderr}\n${log}`)
  match(stdout, /backstream.yaml is valid: 1 plan/)
  match(stdout, /media\/\d{8}T\d{6}Z-0*1\b/)
})
