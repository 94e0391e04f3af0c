import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { compareTrees, leakGuard, type StartedProcess, snapshotTree } from '@backstream/testkit'
import { type MainJob, openMainJob } from './main-job-fixture.ts'
import { asStranger, needs } from './main-job-shell.ts'

/** The pair of the age specification, and another one made for these tests. */
const secret = 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX'
const recipient = 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj'
const otherSecret = 'AGE-SECRET-KEY-1N0KMFR3M2AQMTLRJ7745SDSPLSKZX8XVYAM62AYUGH7E5JHLV06QWA59TU'
const otherRecipient = 'age1swe9pr4xa3xu0568wk9m8d30ddaf5wydzr2ycuvwkqk2ln9atatsa45k7n'

let here: MainJob
let worker: StartedProcess
before(async () => {
  const encryption = `encryption: { recipients: [${otherRecipient}, ${recipient}] }`
  here = await openMainJob(
    (tree) => `
  tree: { ${encryption}, source: { kind: directory, path: ${tree} } }
  both:
    ${encryption}
    sources:
      - { kind: command, at: planted-dump, argv: [seq, "300000"] }
      - { kind: directory, at: planted-files, path: ${tree} }
  plain: { source: { kind: directory, path: ${tree} } }
`,
  )
  await writeFile(join(here.folder, 'age.key'), `# made for tests\n${secret}\n`)
  await writeFile(join(here.folder, 'other.key'), `${otherSecret}\n`)
  await writeFile(join(here.tree, 'planted-file'), 'planted content')
  worker = await here.startWorker()
  const { status, stderr } = await here.run(['run', 'tree', 'both', '--wait'])
  equal(status, 0, stderr)
})
after(async () => {
  await worker?.[Symbol.asyncDispose]()
  await here?.[Symbol.asyncDispose]()
})
leakGuard()

async function isTheTree(path: string): Promise<void> {
  const trees = [await snapshotTree(here.tree), await snapshotTree(path)] as const
  deepEqual(compareTrees(...trees, { owners: process.getuid?.() === 0 }), [])
}

describe('a plan with recipients', () => {
  it('is said to be encrypted, where one without is said not to be', async () => {
    const { stdout } = await here.run(['validate'])
    equal(stdout.match(/encryption +age for age1\w+, age1\w+$/gm)?.length, 2)
    equal(stdout.match(/encryption +none: whoever can read the bucket/g)?.length, 1)
    const { plans } = await here.json(['validate'])
    deepEqual(
      plans.map(({ encrypted }: { encrypted: boolean }) => encrypted),
      [true, true, false],
    )
    match((await here.run(['show', 'tree'])).stdout, /encryption +age for age1\w+, age1\w+$/m)
  })

  it('leaves nothing in the bucket that names what is inside', async () => {
    for (const key of await here.bucket.keys()) {
      ok(!`${key}${await here.bucket.bytes(key)}`.includes('planted'), key)
    }
    const [manifest] = await here.bucket.manifests('tree')
    match(manifest.archives[0].key, /\/archive\.tar\.zst\.age$/)
    match(manifest.index.key, /\/index\.zst\.age$/)
  })
})

describe('restore of an encrypted backup', () => {
  it('takes the key of any recipient from a file, the environment or standard input', async () => {
    const ways = [
      { args: ['-i', 'age.key'] },
      { args: ['--identity', 'other.key'] },
      { args: [], env: { BACKSTREAM_IDENTITY_FILE: 'age.key' } },
      { args: ['-i', '-'], input: `${secret}\n` },
    ]
    for (const [at, { args, env, ...rest }] of ways.entries()) {
      const to = join(here.folder, `restored-${at}`)
      const options = { ...rest, env: { ...here.env, ...env } }
      const { status, stderr } = await here.run(['restore', 'tree', '--to', to, ...args], options)
      equal(status, 0, stderr)
      await isTheTree(to)
    }
  })

  it('says what is missing or wrong with the key, each with its own code', async () => {
    const stranger = 'AGE-SECRET-KEY-1777RRHU4QQ8A935UN6MZDPDDNT4QNTLGM5KCNGP6HHLV5HQN5VQSCRCC2W'
    const to = join(here.folder, 'never')
    const cases = [
      { args: [], status: 2, code: 'encrypted' },
      { args: ['-i', 'no-such.key'], status: 2, code: 'usage' },
      { args: ['-i', '-'], input: `${recipient}\n`, status: 2, code: 'identity-invalid' },
      { args: ['-i', '-'], input: `${stranger}\n`, status: 1, code: 'identity-wrong' },
    ]
    for (const { args, status, code, input = '' } of cases) {
      const all = ['restore', 'tree', '--to', to, '--json', ...args]
      const told = await here.run(all, { input })
      const { error } = JSON.parse(told.stdout)
      deepEqual([told.status, error.code], [status, code])
      ok(error.remedy.length > 20)
    }
  })

  it('looks into it, and brings some of it back, with a key', async () => {
    const key = ['-i', 'age.key']
    equal((await here.run(['ls', 'tree'])).status, 2)
    match((await here.run(['ls', 'tree', ...key])).stdout, /planted-file$/m)
    equal((await here.run(['cat', 'tree', 'planted-file', ...key])).stdout, 'planted content')
    match((await here.run(['find', 'tree', 'planted*', ...key])).stdout, /planted-file$/m)
    const to = join(here.folder, 'some')
    const some = ['restore', 'tree', '--to', to, '--path', 'planted-file', ...key]
    equal((await here.run(some)).status, 0)
    equal(await readFile(join(to, 'planted-file'), 'utf8'), 'planted content')
  })

  it('is verified without a key by its bytes, and with one by what it holds', async () => {
    equal((await here.json(['verify', 'tree'])).outcome, 'verified')
    equal((await here.run(['verify', 'tree', '--deep'])).status, 2)
    equal((await here.json(['verify', 'tree', '--deep', '-i', 'age.key'])).outcome, 'verified')
  })
})

describe('age, zstd and tar', needs('aws', 'age', 'zstd'), () => {
  it('find no difference between the archive and the tree', async () => {
    const [{ archives }] = await here.bucket.manifests('tree')
    const key = `s3://${here.s3.bucket}/${here.s3.prefix}/${archives[0].key}`
    const script = `aws s3 cp --quiet ${key} - | age -d -i ../age.key | zstd -d | tar -d`
    equal(String(await asStranger(here, script, { cwd: here.tree })), '')
  })

  it('restore it by the commands of RESTORE.md', async () => {
    const [{ backup }] = await here.bucket.manifests('both')
    const guide = String(await here.bucket.bytes(`both/${backup}/RESTORE.md`))
    ok(guide.includes(recipient) && guide.includes(otherRecipient))
    const commands = [...guide.matchAll(/^ {4}(.*)$/gm)].map(([, command]) => command ?? '')
    const byHand = commands.filter((command) => !command.startsWith('backstream '))
    const given = [`KEY=${here.folder}/age.key`, 'NAME=planted-dump']
    await asStranger(here, [...given, ...byHand].join('\n'), { cwd: here.folder })
    const output = await readFile(join(here.folder, 'DIR/OUTPUT'), 'utf8')
    equal(output, Array.from({ length: 300_000 }, (_, at) => `${at + 1}\n`).join(''))
    await isTheTree(join(here.folder, 'DIR/planted-files'))
  })
})
