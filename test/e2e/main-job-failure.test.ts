import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { leakGuard, type StartedProcess, waitFor } from '@backstream/testkit'
import { type BoardClient, type MainJob, openMainJob } from './main-job-fixture.ts'

const megabytes = 100
/** Ends badly after 100 MB, with its password in what it says, until there is a file `mended`. */
const dump = [
  `head -c ${megabytes}000000 /dev/zero`,
  `[ -e mended ] || { echo dump: relation orders is locked, password=$PASSWORD >&2; exit 1; }`,
  `echo dump: done with password $PASSWORD >&2`,
].join('; ')

let here: MainJob
let worker: StartedProcess
let board: BoardClient
before(async () => {
  here = await openMainJob(
    (tree) => `
  shop:
    attempts: 2
    backoff: { delay: 1s, factor: 1 }
    compression: { algorithm: none }
    source:
      kind: command
      cwd: ${tree}/..
      argv: [sh, -c, "${dump}"]
      env: { PASSWORD: { env: SHOP_PASSWORD } }
`,
  )
  worker = await here.startWorker({ SHOP_PASSWORD: 'correct-horse' })
  board = await here.startBoard()
})
after(async () => {
  await board?.[Symbol.asyncDispose]()
  await worker?.[Symbol.asyncDispose]()
  await here?.[Symbol.asyncDispose]()
})
leakGuard()

/** The jobs of the plan's queue in that state, as Bull Board lists them. */
async function jobs(status: string) {
  const { queues } = await board.call('GET', `queues?activeQueue=backups&status=${status}&page=1`)
  return queues.find(({ name }: { name: string }) => name === 'backups').jobs
}

const logOf = async (id: string): Promise<string> =>
  (await board.call('GET', `queues/backups/${id}/logs`)).join('\n')

describe('a command that ends badly after 100 MB', () => {
  let id: string

  it('fails the run after its attempts, and leaves no object but voids and no upload', async () => {
    const { status, stderr } = await here.run(['run', 'shop', '--wait'])
    equal(status, 1, stderr)
    const keys = (await here.bucket.keys()).filter((key) => key !== 'backstream.json')
    equal(keys.length, 2, 'one void for each attempt')
    for (const key of keys) {
      match(key, /^shop\/[^/]+\.json$/)
      equal((await here.bucket.json(key)).void, true)
    }
    deepEqual(await here.bucket.uploads(), [])
    deepEqual((await here.json(['list'])).backups, [])
  })

  it('stands in the failed set with its cause in words, and its log, without the password', async () => {
    const failed = await jobs('failed')
    equal(failed.length, 1)
    id = failed[0].id
    match(failed[0].failedReason, /command sh ended with status 1.*relation orders is locked/)
    const log = await logOf(id)
    match(log, /relation orders is locked, password=\[redacted\]/)
    match(log, /cleaned up \S+-000001: .*\n.*-000002 begins/)
    const seen = JSON.stringify(failed) + log + worker.stdout() + worker.stderr()
    ok(!seen.includes('correct-horse'))
  })

  it('becomes a good backup by Retry on the board, once the cause is mended', async () => {
    await writeFile(join(here.folder, 'mended'), '')
    await board.call('PUT', `queues/backups/${id}/retry`)
    const [done] = await waitFor(
      async () => {
        const completed = await jobs('completed')
        return completed.length > 0 && completed
      },
      { what: 'the run to be completed', timeoutMs: 30_000 },
    )
    equal(done.id, id)
    equal(done.returnValue.outcome, 'committed')
    deepEqual(await jobs('failed'), [])
    const [manifest] = await here.bucket.manifests('shop')
    equal(manifest.status, 'good')
    ok(manifest.content.bytes > megabytes * 1e6)
    deepEqual(await here.bucket.leftovers('shop'), [])
    match(await logOf(id), /dump: done with password \[redacted\]/)
    const { status, stderr } = await here.run(['restore', 'shop', '--to', join(here.folder, 'out')])
    equal(status, 0, stderr)
  })
})
