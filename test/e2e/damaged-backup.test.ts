import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  compareTrees,
  type HearingServer,
  leakGuard,
  snapshotTree,
  startHearingServer,
  waitFor,
} from '@backstream/testkit'
import { type MainJob, openMainJob } from './main-job-fixture.ts'

/** Runs know of no retention: what `prune` says here is of the same three backups each time. */
const pruning = ['-c', 'pruning.yaml']

let here: MainJob
let ears: HearingServer
/** Oldest first. */
let ids: string[]
before(async () => {
  ears = await startHearingServer()
  here = await openMainJob(
    (tree) => `
  home: { x-keep: 2, notify: [ops], source: { kind: directory, path: ${tree} } }
notify: { ops: { kind: webhook, url: "${ears.url}/ops" } }
`,
  )
  const text = await readFile(join(here.folder, 'backstream.yaml'), 'utf8')
  await writeFile(
    join(here.folder, 'pruning.yaml'),
    text.replace(/x-keep: (\d)/, 'retention: { keepLast: $1 }'),
  )
  // It does not shrink, and so takes frames of its own between the others.
  await writeFile(join(here.tree, 'large'), randomBytes(6_000_000))
  await writeFile(join(here.tree, 'last'), 'the last of all files')
  await using _worker = await here.startWorker()
  for (let run = 0; run < 3; run += 1) {
    const { status, stderr } = await here.run(['run', 'home', '--wait'])
    equal(status, 0, stderr)
  }
  ids = (await here.bucket.manifests('home')).map(({ backup }) => backup)
})
after(async () => {
  await here?.[Symbol.asyncDispose]()
  await ears?.[Symbol.asyncDispose]()
})
leakGuard()

async function verdicts(): Promise<[string, boolean, string][]> {
  const { plans } = await here.json([...pruning, 'prune', 'home', '-n'])
  return plans[0].verdicts.map(
    ({ backup, keep, reasons }: { backup: string; keep: boolean; reasons: string[] }) => [
      backup,
      keep,
      reasons.join(', '),
    ],
  )
}

async function differences(to: string): Promise<string[]> {
  const trees = [await snapshotTree(here.tree), await snapshotTree(to)] as const
  return compareTrees(...trees, { owners: process.getuid?.() === 0 })
}

describe('a bit that was flipped in a stored archive', () => {
  let files: string[]

  it('is found by verify --deep, which names backup, frame and files', async () => {
    const [oldest, middle, newest] = ids
    deepEqual(await verdicts(), [
      [newest, true, 'last 1, newest good'],
      [middle, true, 'last 2'],
      [oldest, false, 'no rule keeps it'],
    ])
    const [{ key }] = (await here.bucket.manifests('home')).at(-1).archives
    const bytes = await here.bucket.bytes(key)
    const at = Math.floor(bytes.length * 0.7)
    bytes[at] = (bytes[at] ?? 0) ^ 1
    await here.bucket.put(key, bytes)
    const { status, stdout } = await here.run(['verify', `home/${newest}`, '--deep'])
    equal(status, 1)
    match(stdout, new RegExp(`^home/${newest}: refuted, it does not count as good any more$`, 'm'))
    const [, named = ''] =
      /frame \d+ at byte \d+ cannot be read; in it lie (.*)$/m.exec(stdout) ?? []
    files = named.replace(/ and \d+ more$/, '').split(', ')
    deepEqual(files, ['large'])
  })

  it('makes retention count the others: nothing goes that it would have let go', async () => {
    const [oldest, middle, newest] = ids
    deepEqual(await verdicts(), [
      [newest, true, 'not good, but would be last 1, newer than every good one'],
      [middle, true, 'last 1, newest good'],
      [oldest, true, 'last 2'],
    ])
  })

  it('is told to whom it concerns', async () => {
    await using scheduler = here.start(['scheduler'])
    await using _worker = await here.startWorker()
    await scheduler.waitForOutput(/scheduler is running/)
    const told = () =>
      ears.heard
        .map(({ body }) => JSON.parse(body))
        .filter(({ event }) => event === 'verify-failed')
    await waitFor(() => told().length > 0, { timeoutMs: 60_000, what: 'the alarm' })
    match(told()[0].text, new RegExp(`a verification has refuted home/${ids[2]}`))
    equal((await here.run(['status', '--check'])).status, 1)
  })

  it('keeps a restore of it from being called verified, and costs what lies in its frame only', async () => {
    const to = join(here.folder, 'damaged')
    const { status, stdout, stderr } = await here.run(['restore', `home/${ids[2]}`, '--to', to])
    equal(status, 1)
    ok(!stdout.includes('verified'), stdout)
    match(stderr, /is NOT verified: \d+ of \d+ entries are in \S+, each as it was stored/)
    const missing = [...stderr.matchAll(/^ +not restored: (.*)$/gm)].map(([, path]) => path)
    ok(
      missing.some((path) => files.includes(path ?? '')),
      stderr,
    )
    const differing = await differences(to)
    deepEqual(
      differing.filter((line) => !missing.some((path) => line.includes(path ?? ''))),
      [],
    )
  })

  it('is passed over by a restore of the plan, which says so', async () => {
    const to = join(here.folder, 'latest')
    const { status, stdout, stderr } = await here.run(['restore', 'home', '--to', to])
    equal(status, 0, stderr)
    match(stdout, new RegExp(`home/${ids[1]}: restored and verified`))
    match(stderr, new RegExp(`${ids[2]}.* refuted by a verification`))
    deepEqual(await differences(to), [])
  })
})
