import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { compareTrees, leakGuard, snapshotTree } from '@backstream/testkit'
import type { CliResult } from './cli-fixture.ts'
import { type MainJob, openMainJob } from './main-job-fixture.ts'

/** Runs know of no retention: what is pruned here is pruned by hand, at the worst moment. */
const pruning = ['-c', 'pruning.yaml']

let here: MainJob
let ids: string[]
before(async () => {
  here = await openMainJob(
    (tree) => `
  home: { x-keep: 1, source: { kind: directory, path: ${tree} } }
  second: { x-keep: 1, source: { kind: command, argv: [echo, hello] } }
`,
  )
  const text = await readFile(join(here.folder, 'backstream.yaml'), 'utf8')
  const kept = text.replaceAll(/x-keep: (\d)/g, 'retention: { keepLast: $1 }')
  await writeFile(join(here.folder, 'pruning.yaml'), kept)
  await using _worker = await here.startWorker()
  for (const plan of ['home', 'home', 'second', 'second']) {
    const { status, stderr } = await here.run(['run', plan, '--wait'])
    equal(status, 0, stderr)
  }
  ids = await backupsOf('home')
})
after(async () => await here?.[Symbol.asyncDispose]())
leakGuard()

/** Oldest first. */
async function backupsOf(plan: string): Promise<string[]> {
  const { backups } = await here.json(['list', plan])
  return backups.map(({ backup }: { backup: string }) => backup).toReversed()
}

async function done(args: readonly string[]): Promise<CliResult> {
  const result = await here.run(args)
  equal(result.status, 0, `${result.stdout}${result.stderr}`)
  return result
}

async function isWhole(to: string): Promise<void> {
  const trees = [await snapshotTree(here.tree), await snapshotTree(to)] as const
  deepEqual(compareTrees(...trees, { owners: process.getuid?.() === 0 }), [])
}

describe('a backup that is pruned while it is being restored', () => {
  it('is restored to its end, though it is listed no more and a sweep went by', async () => {
    const to = join(here.folder, 'raced')
    const held = here.faults.add({
      operation: 'GetObject',
      key: new RegExp(`${ids[0]}/archive`),
      action: { hold: 'before' },
    })
    const restored = here.run(['restore', `home/${ids[0]}`, '--to', to])
    try {
      await Promise.race([held.struck, restored])
      ok(held.hits > 0, (await Promise.race([restored, undefined]))?.stderr)
      match(
        (await done([...pruning, 'prune', 'home', '--confirm'])).stdout,
        /home: 1 backup removed/,
      )
      deepEqual(await backupsOf('home'), ids.slice(1))
      await done([...pruning, 'sweep', '--confirm', '--grace', '0s'])
    } finally {
      held.release()
    }
    const { status, stdout, stderr } = await restored
    equal(status, 0, stderr)
    match(stdout, /restored and verified/)
    await isWhole(to)
  })

  it('is a backup again by an undo within the grace, whole as it was', async () => {
    match((await done(['prune', `home/${ids[0]}`, '--undo'])).stdout, /is a backup again/)
    deepEqual(await backupsOf('home'), ids)
    await done(['verify', `home/${ids[0]}`, '--deep'])
    const to = join(here.folder, 'undone')
    await done(['restore', `home/${ids[0]}`, '--to', to])
    await isWhole(to)
  })
})

describe('a backup that was pruned longer ago than the grace', () => {
  it('is removed by the next sweep, and an undo says that it is too late', async () => {
    const [oldest, newest] = await backupsOf('second')
    await done([...pruning, 'prune', 'second', '--confirm'])
    await prunedDaysAgo(`second/${oldest}`)
    await done([...pruning, 'sweep', '--confirm', '--grace', '0s'])
    const keys = await here.bucket.keys()
    ok(!keys.some((key) => key.startsWith(`second/${oldest}/`)), keys.join('\n'))
    const { status, stderr } = await here.run(['prune', `second/${oldest}`, '--undo'])
    equal(status, 1)
    match(stderr, /pruned longer ago than retention\.grace/)
    deepEqual(await backupsOf('second'), [newest])
  })

  it('is not taken for one that somebody else removed', async () => {
    const { plans } = await here.json(['report', '--since', '1d'])
    deepEqual(
      plans.map(({ plan, findings }: { plan: string; findings: unknown[] }) => [plan, findings]),
      [
        ['home', []],
        ['second', []],
      ],
    )
  })
})

/** Moves the note of its pruning: the time in a note's key is the one that counts. */
async function prunedDaysAgo(ref: string): Promise<void> {
  const keys = await here.bucket.keys()
  const note = keys.find((key) => key.startsWith(`${ref}/notes/`) && key.endsWith('-pruned.json'))
  ok(note, keys.join('\n'))
  await here.bucket.put(
    `${ref}/notes/20260101T000000000Z-pruned.json`,
    await here.bucket.bytes(note),
  )
  await here.bucket.remove(note)
}
