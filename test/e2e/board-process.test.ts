import { deepEqual, equal, match, notEqual } from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  freePort,
  leakGuard,
  openTestRedis,
  startProcess,
  type TemporaryDirectory,
  type TestRedis,
  temporaryDirectory,
} from '@backstream/testkit'

const main = fileURLToPath(new URL('../../apps/board/src/main.ts', import.meta.url))

let redis: TestRedis
let folder: TemporaryDirectory
before(async () => {
  redis = await openTestRedis()
  folder = await temporaryDirectory('board')
})
after(async () => {
  await folder?.[Symbol.asyncDispose]()
  await redis?.[Symbol.asyncDispose]()
})
leakGuard()

const media = 'plans: { media: { storage: main, source: { kind: directory, path: /srv/media } } }'

async function startMain(listen: string, plans = media) {
  const file = join(folder.path, 'backstream.yaml')
  const nobody = await freePort()
  await writeFile(
    file,
    `
version: 1
name: ${redis.prefix}
redis: ${redis.url}
storages:
  main:
    kind: s3
    bucket: gone
    endpoint: http://127.0.0.1:${nobody}
    pathStyle: true
    credentials: { accessKeyId: "a", secretAccessKey: { env: SECRET } }
${plans}
`,
  )
  const env = {
    ...process.env,
    BACKSTREAM_CONFIG: file,
    BACKSTREAM_BOARD_LISTEN: listen,
    BACKSTREAM_LOG_FORMAT: 'json',
    SECRET: 'turnip',
  }
  return startProcess({ command: process.execPath, args: [main], env })
}

describe('the board’s process', () => {
  it('is ready although the bucket is gone, says so of the plan, and stops when told to', async () => {
    await using board = await startMain('127.0.0.1:0')
    const [, url] = await board.waitForOutput(/"url":"(http:[^"]+)"/, 30_000)
    deepEqual(
      await Promise.all(
        ['/healthz', '/readyz'].map(async (path) => (await fetch(`${url}${path}`)).status),
      ),
      [200, 200],
    )
    const page = await (await fetch(`${url}/`)).text()
    match(page, /Worst: media, unknown/)
    equal(page.includes('turnip'), false)
    equal((await board.stop()).code, 0)
    equal(`${board.stdout()}${board.stderr()}`.includes('turnip'), false)
  })

  for (const plans of ['', 'plans: {}']) {
    it(`shows what to write to whoever has no plan yet (${plans || 'none'})`, async () => {
      await using board = await startMain('127.0.0.1:0', plans)
      const [, url] = await board.waitForOutput(/"url":"(http:[^"]+)"/, 30_000)
      match(await (await fetch(`${url}/`)).text(), /No plan is configured yet.*five lines/s)
      equal((await fetch(`${url}/queues/`)).status, 200)
      equal((await board.stop()).code, 0)
    })
  }

  it('does not open to the network without users', async () => {
    await using board = await startMain('0.0.0.0:0')
    notEqual((await board.exited).code, 0)
    match(board.stderr(), /no users/)
  })
})
