import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type TemporaryDirectory, temporaryDirectory } from '@backstream/testkit'
import { backstream, type CliResult, cliFile } from './cli-fixture.ts'

let folder: TemporaryDirectory

before(async () => {
  folder = await temporaryDirectory('cli')
})
after(async () => await folder[Symbol.asyncDispose]())

/** In an empty folder of its own, so that no configuration is found. */
async function run(args: readonly string[], files: Readonly<Record<string, string>> = {}) {
  await using place = await temporaryDirectory('cli')
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(place.path, name), content)
  }
  return await backstream(args, { cwd: place.path })
}

const config = `
version: 1
name: test
redis: redis://127.0.0.1:1
storages:
  main: { kind: s3, bucket: backups, prefix: prod, region: eu-central-1 }
plans:
  home:
    storage: main
    schedule: { cron: "15 3 * * *", timezone: Europe/Berlin }
    retention: { keepLast: 3, keepDaily: 7 }
    source: { kind: directory, path: /srv/home }
  by-hand:
    storage: main
    source: { kind: directory, path: /srv/hand }
`

/** Behind the Node of the project, which npm puts first. */
function findOlderNode(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders
    .map((folder) => join(folder, 'node'))
    .find((file) => /^v2[0-3]\./.test(String(spawnSync(file, ['--version']).stdout)))
}

function failure(result: CliResult): { code: string; message: string; remedy: string | null } {
  return JSON.parse(result.stdout).error
}

describe('the command line', { concurrency: 2 }, () => {
  it('tells its version and its help on standard output', async () => {
    const version = await run(['--version'])
    equal(version.status, 0)
    match(version.stdout, /^backstream \d+\.\d+\.\d+\n$/)
    const help = await run(['--help'])
    equal(help.status, 0)
    for (const command of ['init', 'validate', 'run', 'restore', 'report', 'prune']) {
      match(help.stdout, new RegExp(command))
    }
    equal(help.stderr, '')
  })

  it('shows the help and fails without a command', async () => {
    const { status, stderr } = await run([])
    equal(status, 2)
    match(stderr, /Usage: backstream/)
  })

  const otherNames = { backup: 'run', snapshots: 'list', check: 'validate', forget: 'prune' }
  for (const [typed, meant] of Object.entries(otherNames)) {
    it(`answers "did you mean" to \`${typed}\``, async () => {
      const { status, stderr, stdout } = await run([typed, 'home', '--keep-last', '3'])
      equal(status, 2)
      equal(stdout, '')
      match(stderr, new RegExp(`Did you mean .*${meant}`))
    })
  }

  it('answers "did you mean" to a mistyped command and to a mistyped flag', async () => {
    const command = await run(['restroe', 'home'])
    equal(command.status, 2)
    match(command.stderr, /unknown command 'restroe'\nDid you mean restore\?/)
    const flag = await run(['run', '--wiat', 'home'])
    equal(flag.status, 2)
    match(flag.stderr, /unknown option '--wiat'\nDid you mean --wait\?/)
  })

  it('says a failure as one JSON document on standard output', async () => {
    const missing = await run(['list', '--json'])
    equal(missing.status, 2)
    deepEqual(Object.keys(JSON.parse(missing.stdout)), ['error'])
    equal(failure(missing).code, 'config-not-found')
    equal(typeof failure(missing).remedy, 'string')
    equal(missing.stderr, '')
    const unparsed = await run(['--json', 'run', '--wiat'])
    equal(unparsed.status, 2)
    equal(failure(unparsed).code, 'usage')
  })

  it('puts no colour into what is no terminal', async () => {
    const { stderr, stdout } = await run(['validate'], { 'backstream.yaml': config })
    equal(`${stdout}${stderr}`.includes('\u001b'), false)
  })

  it('takes global flags before and after the command', async () => {
    const files = { 'other.yaml': config }
    equal((await run(['-c', 'other.yaml', 'validate'], files)).status, 0)
    equal((await run(['validate', '--config', 'other.yaml'], files)).status, 0)
  })

  it('refuses a bad value of a flag or of a variable', async () => {
    const flag = await run(['worker', '--concurrency', 'many'], { 'backstream.yaml': config })
    equal(flag.status, 2)
    match(flag.stderr, /'many' is not a number of runs/)
    const files = { 'backstream.yaml': config }
    for (const args of [
      ['run'],
      ['run', 'home', '--all'],
      ['run', 'home', '--timeout', '5s'],
      ['run', 'home', '--wait', '--timeout', '5'],
      ['restore', 'home'],
      ['restore', 'home', '--to', 'x', '--from', 'key:secret@bucket'],
      ['health', 'nobody'],
    ]) {
      equal((await run(args, files)).status, 2, args.join(' '))
    }
  })

  it('exits 5 for a plan that does not exist, and names those that do', async () => {
    const { status, stderr } = await run(['run', 'hom'], { 'backstream.yaml': config })
    equal(status, 5)
    match(stderr, /home, by-hand/)
  })

  it('exits 4 for a restore into the root or the home directory', async () => {
    for (const to of ['/', '.']) {
      const { status } = await run(['restore', 'home', '--to', to], { 'backstream.yaml': config })
      equal(status, 4, to)
    }
  })

  it('says that no process of a role runs here', async () => {
    // Nobody else's board: roles are looked for on the whole machine.
    const { status, stdout } = await run(['health', 'scheduler', '--json'])
    const report = JSON.parse(stdout)
    equal(report.format, 'backstream.health/1')
    equal(status, report.alive ? 0 : 1)
  })

  it('runs under an older Node by the Node beside the project', (t) => {
    const older = findOlderNode()
    if (older === undefined) return t.skip('there is no Node 20 to 23 on the PATH')
    const result = spawnSync(older, [cliFile, 'lst'], { encoding: 'utf8' })
    equal(result.status, 2)
    match(result.stderr, /unknown command 'lst'/)
  })
})

describe('init', () => {
  it('writes a configuration that validates, and holds no secret', async () => {
    const cwd = join(folder.path, 'init')
    await mkdir(cwd)
    const secret = 'hunter2'
    const env = { S3_ACCESS_KEY_ID: 'id', S3_SECRET_ACCESS_KEY: secret, REDIS_URL: 'redis://h:1' }
    const flags = ['--path', 'data', '--path', '/etc', '--storage', 's3://backups/prod']
    const init = await backstream(['init', ...flags, '--endpoint', 'http://127.0.0.1:9000'], {
      cwd,
      env,
    })
    equal(init.status, 0, init.stderr)
    match(init.stdout, /S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY/)
    match(init.stdout, /backstream validate[\s\S]*backstream up/)
    doesNotMatch(init.stdout, /NAME/)
    const text = await readFile(join(cwd, 'backstream.yaml'), 'utf8')
    doesNotMatch(text, /hunter2/)
    match(text, new RegExp(join(cwd, 'data')))
    const validate = await backstream(['validate'], { cwd, env })
    equal(validate.status, 0, validate.stderr)
  })

  it('replaces a configuration only with --force', async () => {
    const flags = ['init', '--path', '/etc', '--storage', 's3://backups']
    const there = { 'backstream.yaml': '# mine' }
    const refused = await run(flags, there)
    equal(refused.status, 4)
    match(refused.stderr, /backstream\.yaml is there already/)
    const replaced = await run([...flags, '--force'], there)
    equal(replaced.status, 0)
    match(replaced.stdout, /set AWS credentials .*, AWS_REGION/)
    doesNotMatch((await run([...flags, '--force', '--region', 'x'], there)).stdout, /AWS_REGION/)
  })

  it('does not ask where nobody can answer', async () => {
    const { status, stderr } = await run(['init'])
    equal(status, 2)
    match(stderr, /--path DIR or --postgres URI .* and --storage/)
  })

  it('refuses credentials in an address, without repeating them', async () => {
    const result = await run(['init', '--path', '/etc', '--storage', 's3://id:hunter2@backups'])
    equal(result.status, 2)
    doesNotMatch(`${result.stdout}${result.stderr}`, /hunter2/)
    const endpoint = ['--endpoint', 'https://id:hunter2@s3.example.com']
    const second = await run(['init', '--path', '/etc', '--storage', 's3://b-1', ...endpoint])
    equal(second.status, 2)
    doesNotMatch(`${second.stdout}${second.stderr}`, /hunter2/)
  })
})

describe('validate', () => {
  it('prints the next three runs in local time and what is kept', async () => {
    const { status, stdout } = await run(['validate'], { 'backstream.yaml': config })
    equal(status, 0)
    equal(stdout.match(/ 0[12]:15:00 UTC/g)?.length, 3, stdout)
    match(stdout, /the last 3, one a day for 7 days/)
    match(stdout, /by hand only/)
    match(stdout, /encryption +none/)
  })

  it('prints the same as one document, in UTC', async () => {
    const { stdout } = await run(['validate', '--json'], { 'backstream.yaml': config })
    const document = JSON.parse(stdout)
    equal(document.format, 'backstream.validate/1')
    const [home, byHand] = document.plans
    equal(home.nextRuns.length, 3)
    match(home.nextRuns[0], /T0[12]:15:00\.000Z$/)
    deepEqual(byHand.nextRuns, [])
  })

  it('says every problem at once, with file, line and column', async () => {
    const bad = config.replace('bucket:', 'buckt:').replace('keepLast: 3', 'keepLast: three')
    const { status, stderr } = await run(['validate'], { 'backstream.yaml': bad })
    equal(status, 2)
    match(stderr, /backstream\.yaml:6:\d+ .*buckt/)
    match(stderr, /did you mean bucket\?/)
    match(stderr, /backstream\.yaml:11:\d+ .*keepLast/)
    const json = await run(['validate', '--json'], { 'backstream.yaml': bad })
    const { problems } = JSON.parse(json.stdout).error
    equal(
      problems.every((one: { line: unknown }) => Number.isInteger(one.line)),
      true,
    )
  })

  it('reads the configuration from standard input', async () => {
    const cwd = folder.path
    equal((await backstream(['validate', '-c', '-'], { cwd, input: config })).status, 0)
    equal((await backstream(['up', '-c', '-'], { cwd, input: config })).status, 2)
  })
})

describe('doctor --policy', () => {
  it('prints the IAM policy of a role and nothing else on standard output', async () => {
    const args = ['doctor', '--policy', 'writer']
    const { status, stdout } = await run(args, { 'backstream.yaml': config })
    equal(status, 0)
    const policy = JSON.parse(stdout)
    equal(policy.Version, '2012-10-17')
    match(JSON.stringify(policy), /arn:aws:s3:::backups\/prod\/\*/)
  })
})
