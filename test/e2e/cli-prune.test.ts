import { deepEqual, equal, match } from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Installation, openInstallation } from './cli-installation.ts'

/** The worker knows of no retention, and prunes nothing by itself: what goes here goes by hand. */
const pruning = ['-c', 'pruning.yaml']

let here: Installation
before(async () => {
  here = await openInstallation({
    plans: (tree) => `
  home: { x-keep: 2, source: { kind: directory, path: ${tree} } }
  many: { x-keep: 1, source: { kind: command, argv: [echo, hello] } }
  kept: { source: { kind: command, argv: [echo, hello] } }
  moody:
    x-keep: 1
    source: { kind: command, argv: [cat, ${tree}/moody] }
`,
  })
  const text = await readFile(join(here.folder, 'backstream.yaml'), 'utf8')
  const kept = text.replaceAll(/x-keep: (\d)/g, 'retention: { keepLast: $1 }')
  await writeFile(join(here.folder, 'pruning.yaml'), kept)
})
after(async () => await here[Symbol.asyncDispose]())

async function backUp(plan: string, times: number): Promise<string[]> {
  for (let run = 0; run < times; run += 1) {
    const { status, stderr } = await here.run(['run', plan, '--wait'])
    equal(status, 0, stderr)
  }
  return await backupsOf(plan)
}

/** Oldest first. */
async function backupsOf(plan: string): Promise<string[]> {
  const { backups } = await here.json(['list', plan])
  return backups.map(({ backup }: { backup: string }) => backup).toReversed()
}

describe('prune', () => {
  it('shows each backup with the reason, asks before it removes any, and can be undone', async () => {
    const ids = await backUp('home', 3)
    const dry = await here.run([...pruning, 'prune', 'home', '-n'])
    equal(dry.status, 0)
    match(dry.stdout, /home\/\S+-000003 +keep +last 1, newest good\n/)
    match(dry.stdout, /home\/\S+-000001 +delete +no rule keeps it\n/)
    match(dry.stdout, /home: 1 backup would go, 2 stay\n/)
    const unasked = await here.run([...pruning, 'prune', 'home'])
    equal(unasked.status, 4)
    match(unasked.stderr, /--confirm/)
    deepEqual(await backupsOf('home'), ids)
    const done = await here.run([...pruning, 'prune', 'home', '--confirm'])
    equal(done.status, 0, done.stderr)
    deepEqual(await backupsOf('home'), ids.slice(1))
    const undone = await here.run([...pruning, 'prune', `home/${ids[0]}`, '--undo'])
    equal(undone.status, 0, undone.stderr)
    deepEqual(await backupsOf('home'), ids)
  })

  it('removes nothing while the newest run failed, unless told to all the same', async () => {
    const file = join(here.tree, 'moody')
    await writeFile(file, 'hello')
    const ids = await backUp('moody', 2)
    await rm(file)
    equal((await here.run(['run', 'moody', '--wait'])).status, 1)
    const blocked = await here.run([...pruning, 'prune', 'moody', '--confirm'])
    equal(blocked.status, 4)
    match(blocked.stdout, /moody: nothing removed, because its last run failed/)
    deepEqual(await backupsOf('moody'), ids)
    const despite = await here.run([
      ...pruning,
      'prune',
      'moody',
      '--confirm',
      '--despite',
      'failed',
    ])
    equal(despite.status, 0, despite.stderr)
    deepEqual(await backupsOf('moody'), ids.slice(1))
  })

  it('keeps everything of a plan without retention', async () => {
    await backUp('kept', 1)
    const { plans } = await here.json([...pruning, 'prune', 'kept', '--confirm'])
    equal(plans[0].outcome, 'nothing')
    deepEqual(plans[0].verdicts[0].reasons, ['no retention is set'])
  })

  it('leaves a list that can be cut to the newest', async () => {
    const ids = await backupsOf('home')
    const { backups } = await here.json(['list', 'home', '--limit', '2'])
    deepEqual(
      backups.map(({ backup }: { backup: string }) => backup),
      ids.toReversed().slice(0, 2),
    )
    equal((await here.run(['list', 'home', '--limit', 'some'])).status, 2)
  })

  it('says by exit statuses and words what it cannot do', async () => {
    equal((await here.run([...pruning, 'prune', 'nothing'])).status, 5)
    equal((await here.run([...pruning, 'prune', 'home', '--despite', 'rain'])).status, 2)
    const whole = await here.run([...pruning, 'prune', 'home', '--undo'])
    equal(whole.status, 2)
    match(whole.stderr, /PLAN\/ID/)
    equal(
      (await here.run([...pruning, 'prune', 'home/20200101T000000Z-000001', '--undo'])).status,
      5,
    )
  })

  it('prints one document that says the same', async () => {
    await backUp('many', 2)
    const { format, plans } = await here.json([...pruning, 'prune', 'many', '--dry-run'])
    equal(format, 'backstream.prune/1')
    equal(plans[0].plan, 'many')
    equal(plans[0].outcome, 'dry-run')
    deepEqual(
      plans[0].verdicts.map(({ keep }: { keep: boolean }) => keep),
      [true, false],
    )
  })
})
