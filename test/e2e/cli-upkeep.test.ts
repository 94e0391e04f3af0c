import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { leakGuard, type StartedProcess, waitFor } from '@backstream/testkit'
import { type Installation, openInstallation } from './cli-installation.ts'

const secret = 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX'
const recipient = 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj'

let here: Installation
let vault: StartedProcess
before(async () => {
  here = await openInstallation({
    plans: (tree) => `
  pruned: { retention: { keepLast: 2 }, source: { kind: command, argv: [date, +%N] } }
  many: { retention: { keepLast: 1 }, source: { kind: command, argv: [date, +%N] } }
  watched:
    verify: { every: 10s, deep: 10s }
    drill: { every: 10s, checks: { present: [etc/motd] } }
    source: { kind: directory, path: ${tree}/../small }
  sealed:
    encryption: { recipients: [${recipient}] }
    source: { kind: directory, path: ${tree} }
    drill:
      cron: "0 9 * * 0"
      runsOn: vault
      identity: { file: ${tree}/../age.key }
      to: ${tree}/../scratch
      checks: { minFiles: 100, command: { argv: [sh, -c, "test $BACKSTREAM_PLAN = sealed"] } }
`,
  })
  await mkdir(join(here.folder, 'small/etc'), { recursive: true })
  await writeFile(join(here.folder, 'small/etc/motd'), 'hello')
  await writeFile(join(here.folder, 'age.key'), `${secret}\n`)
  vault = here.start(['worker', '--name', 'vault'])
  await vault.waitForOutput(/serves backups.vault/)
})
after(async () => {
  await vault?.[Symbol.asyncDispose]()
  await here[Symbol.asyncDispose]()
})
leakGuard()

async function backUp(plan: string): Promise<void> {
  const { status, stderr } = await here.run(['run', plan, '--wait'])
  equal(status, 0, stderr)
}

async function backupsOf(plan: string): Promise<number> {
  return (await here.json(['list', plan])).backups.length
}

async function provedOf(plan: string) {
  const { plans } = await here.json(['status'])
  return plans.find((one: { plan: string }) => one.plan === plan).proved
}

describe('upkeep', () => {
  it('prunes by a job of its own after a run that made a backup', async () => {
    for (let run = 0; run < 4; run += 1) await backUp('pruned')
    await waitFor(async () => (await backupsOf('pruned')) === 2, {
      ...{ timeoutMs: 60_000, what: 'the pruning' },
    })
  })

  it('drills where the key is, and says how long a restore takes', async () => {
    await backUp('sealed')
    equal(await provedOf('sealed'), null)
    match((await here.run(['status'])).stdout, /^sealed .* never/m)
    const { status, stdout, stderr } = await here.run(['drill', 'sealed'])
    equal(status, 0, stderr)
    match(stdout, /passed +restore: \d+ entries restored and compared/)
    match(stdout, /passed +files: at least 100 files/)
    match(stdout, /passed +sample: 20 files hash as in the archive/)
    match(stdout, /passed +command: sh ended with status 0/)
    match(stdout, /^sealed\/\S+: drill passed: \S+ \S+ restored in/m)
    deepEqual(await readdir(join(here.folder, 'scratch')), [])
    const { how, openedAt, drill } = await provedOf('sealed')
    equal(how, 'drill')
    ok(Date.parse(openedAt) > 0)
    equal(drill.outcome, 'passed')
    ok(drill.restoreSeconds > 0)
    match((await here.run(['status'])).stdout, /^sealed .* opened .* ago, drill /m)
  })

  it('a drill that fails says which check, exits 1 and is in the note', async () => {
    await rm(join(here.folder, 'age.key'))
    await writeFile(
      join(here.folder, 'age.key'),
      'AGE-SECRET-KEY-1N0KMFR3M2AQMTLRJ7745SDSPLSKZX8XVYAM62AYUGH7E5JHLV06QWA59TU\n',
    )
    const { status, stderr } = await here.run(['drill', 'sealed'])
    equal(status, 1)
    match(stderr, /The drill of sealed with \S+ failed: restore: /)
    const { drill } = await provedOf('sealed')
    deepEqual([drill.outcome, drill.failed], ['failed', ['restore']])
  })

  it('verifies and drills by schedule, and the bucket remembers it', async () => {
    await backUp('watched')
    const scheduler = here.start(['scheduler'])
    try {
      await waitFor(async () => (await provedOf('watched'))?.drill?.outcome === 'passed', {
        ...{ timeoutMs: 90_000, what: 'a drill' },
      })
      await waitFor(
        async () => (await here.json(['list', 'watched'])).backups[0].verified?.outcome,
        { timeoutMs: 90_000, what: 'a verification' },
      )
    } finally {
      await scheduler[Symbol.asyncDispose]()
    }
    ok((await provedOf('watched')).openedAt)
  })

  it('refuses an identity that no worker is named for', async () => {
    const text = await here.run(['validate', '-c', '-'], {
      input: `version: 1
name: home
redis: redis://127.0.0.1
storages: { main: { kind: s3, bucket: backups } }
plans:
  p:
    storage: main
    source: { kind: directory, path: /x }
    drill: { every: 7d, identity: { file: /k } }
`,
    })
    equal(text.status, 2)
    match(text.stderr, /plans\.p\.drill.*which worker holds it/)
  })
})
