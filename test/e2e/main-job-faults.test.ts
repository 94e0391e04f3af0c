import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { leakGuard, type ProxyFault } from '@backstream/testkit'
import type { CliResult } from './cli-fixture.ts'
import { type MainJob, openMainJob } from './main-job-fixture.ts'

const bytes = 40_000_000

/** What happens to the requests of a plan; keys are matched below the plan. */
const cases: Readonly<Record<string, readonly ProxyFault[]>> = {
  'parts are refused with 503': [
    { operation: 'UploadPart', skip: 1, times: 3, action: { status: 503, at: 'before' } },
  ],
  'a part is cut in the middle': [
    { operation: 'UploadPart', key: /archive/, times: 2, action: { cut: 'mid-request' } },
  ],
  'parts are stored and the answers are lost': [
    { operation: 'UploadPart', times: 2, action: { cut: 'after' } },
  ],
  'the archive is completed and answered with 500': [
    {
      operation: 'CompleteMultipartUpload',
      key: /archive/,
      times: 1,
      action: { status: 500, at: 'after' },
    },
  ],
  'the manifest is stored and answered with 500': [
    { operation: 'PutObject', key: /\.json$/, times: 1, action: { status: 500, at: 'after' } },
  ],
  'requests of all kinds are refused, and a completion is cut': [
    { skip: 4, times: 3, action: { status: 503, at: 'before' } },
    { operation: 'CompleteMultipartUpload', times: 1, action: { cut: 'before' } },
  ],
}
const plans = Object.entries(cases).map(([name, faults], index) => ({
  name,
  plan: `p${index}`,
  faults: faults.map((fault) => ({
    ...fault,
    key: new RegExp(`/p${index}/.*${fault.key?.source ?? ''}`),
  })),
}))

/** Each start of it leaves a line behind: a source that is read twice shows. */
const sourceOf = (plan: string, cwd: string) =>
  `{ kind: command, cwd: ${cwd}, argv: [sh, -c, "echo started >> starts-${plan}; head -c ${bytes} /dev/urandom"] }`

let here: MainJob
let ended: CliResult
const hits = new Map<string, number[]>()
before(async () => {
  here = await openMainJob((tree) =>
    plans
      .map(
        ({ plan }) =>
          `  ${plan}: { compression: { algorithm: none }, source: ${sourceOf(plan, `${tree}/..`)} }`,
      )
      .join('\n'),
  )
  // All at once: most of the time goes into waiting before requests are repeated.
  await using _worker = await here.startWorker({ BACKSTREAM_WORKER_CONCURRENCY: '6' })
  const struck = plans.map(({ plan, faults }) => ({
    plan,
    handles: faults.map((fault) => here.faults.add(fault)),
  }))
  ended = await here.run(['run', '--all', '--wait'])
  for (const { plan, handles } of struck) {
    hits.set(
      plan,
      handles.map((handle) => handle.hits),
    )
  }
  here.faults.clear()
})
after(() => here?.[Symbol.asyncDispose]())
leakGuard()

describe('a run during which', () => {
  for (const { name, plan, faults } of plans) {
    it(`${name} makes one good backup and reads its source once`, async () => {
      match(ended.stdout, new RegExp(`^${plan}: good: `, 'm'), ended.stderr)
      deepEqual(
        hits.get(plan),
        faults.map(({ times }) => times),
      )
      equal(await readFile(join(here.folder, `starts-${plan}`), 'utf8'), 'started\n')
      const [manifest, ...others] = await here.bucket.manifests(plan)
      deepEqual(others, [])
      equal(manifest.run.attempt, 1)
      const [{ key, sha256 }] = manifest.archives
      const stored = await here.bucket.bytes(key)
      ok(stored.length > bytes)
      equal(createHash('sha256').update(stored).digest('hex'), sha256)
      deepEqual(await here.bucket.leftovers(plan), [])
    })
  }
})
