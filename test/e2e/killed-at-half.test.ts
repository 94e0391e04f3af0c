import { deepEqual, equal, match } from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  leakGuard,
  openTestCeph,
  openTestS3,
  type PrivateRedis,
  startPrivateRedis,
  type TestS3,
  uniqueName,
  waitFor,
} from '@backstream/testkit'
import { type MainJob, openMainJob } from './main-job-fixture.ts'

/** Half of it, and the other half only once there is a file `go`. */
const half = 'head -c 80000000 /dev/zero'
const gated = `${half}; until [ -e go ]; do sleep 0.1; done; ${half}`

describeKill('the embedded server', openTestS3)
describeKill('a Ceph gateway', openTestCeph)

function describeKill(name: string, open: () => Promise<TestS3 | null>): void {
  describe(`a worker that is killed at half of its upload to ${name}`, () => {
    let s3: TestS3 | null = null
    let redis: PrivateRedis
    before(async () => {
      redis = await startPrivateRedis()
      s3 = await open()
    })
    after(async () => {
      await redis?.[Symbol.asyncDispose]()
      await s3?.[Symbol.asyncDispose]()
    })
    leakGuard()

    const openHere = async (plans: string): Promise<MainJob | null> => {
      const full = (tree: string) =>
        `  big: { ${plans}, compression: { algorithm: none }, source: { kind: command, argv: [sh, -c, "${gated}"], cwd: ${tree}/.. } }`
      if (!s3) return null
      // A prefix has one installation, and an installation one Redis.
      const own = {
        s3: { ...s3, prefix: uniqueName('test') },
        redis: { url: redis.url, prefix: uniqueName('test') },
      }
      return await openMainJob(full, own)
    }

    async function killAtHalf(here: MainJob): Promise<void> {
      const worker = await here.startImpatientWorker()
      const action = { delayMs: 0 }
      const part = here.faults.add({ operation: 'UploadPart', skip: 1, times: 1, action })
      equal((await here.run(['run', 'big'])).status, 0)
      await part.struck
      worker.signal('SIGKILL')
      await worker.exited
      match((await here.bucket.uploads()).join(), /^big\/[^/]+\/archive\.tar$/)
    }

    it('leaves no upload once the run was taken up again', async (t) => {
      await using here = await openHere('attempts: 3')
      if (!here) return t.skip('there is none: TEST_CEPH_ENDPOINT is not set')
      await killAtHalf(here)
      await writeFile(join(here.folder, 'go'), '')
      await using _other = await here.startImpatientWorker()
      await waitFor(async () => (await here.bucket.manifests('big')).length > 0, {
        what: 'the backup',
        timeoutMs: 90_000,
      })
      deepEqual(await here.bucket.leftovers('big'), [])
      equal((await here.bucket.manifests('big')).length, 1)
    })

    it('leaves none after a sweep, where nobody has taken it up', async (t) => {
      await using here = await openHere('attempts: 1')
      if (!here) return t.skip('there is none: TEST_CEPH_ENDPOINT is not set')
      await killAtHalf(here)
      // Nobody but Redis knows that the run may be taken up again.
      await redis.flushAll()
      const swept = await here.run(['sweep', '--confirm', '--grace', '0s'])
      equal(swept.status, 0, swept.stderr)
      match(swept.stdout, /1 removed/)
      deepEqual(await here.bucket.leftovers('big'), [])
      deepEqual(await here.bucket.manifests('big'), [])
    })
  })
}
