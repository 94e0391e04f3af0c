/**
 * `npm run demo`: a backup from a real folder through the queue into S3 and back, on this machine,
 * with nothing but what `tools/setup.sh` has brought. Everything it starts and writes is gone when
 * it ends, also on Ctrl-C and when a step fails.
 *
 * `--path DIR` takes DIR instead of a made-up sample; `--once` ends after the proof (0, or 1 when it
 * fails) instead of staying up.
 */
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, styleText } from 'node:util'
import { systemClock } from '@backstream/kernel'
import { seededTree, snapshotTree, type TreeSnapshot } from '@backstream/testkit'
import { type DemoInstallation, openDemoInstallation } from './demo-installation.ts'
import { type Proof, proveEqual } from './demo-proof.ts'

const usage = 'Usage: npm run demo -- [--once] [--path DIR]'

interface DemoOptions {
  readonly once: boolean
  readonly path: string | undefined
}

type Outcome = 'proved' | 'failed' | 'interrupted'

async function main(options: DemoOptions): Promise<Outcome> {
  await using installation = await openDemoInstallation()
  try {
    const isEqual = await demonstrate(installation, options)
    if (isEqual && !options.once) await stayUp(installation)
    return isEqual ? 'proved' : 'failed'
  } catch (error) {
    if (stopping.aborted) return 'interrupted'
    const message = error instanceof Error ? error.message : String(error)
    say(`\n${styleText('red', 'The demo failed:')} ${message}\n${installation.logTails()}`)
    return 'failed'
  }
}

async function demonstrate(installation: DemoInstallation, options: DemoOptions): Promise<boolean> {
  const { folder } = installation
  step('Redis and an S3 server of its own, on free ports')
  say(`  Redis  ${installation.redisUrl}\n  S3     ${installation.s3Endpoint}, bucket demo`)

  const source = options.path ?? (await makeSample(`${folder}/sample`))
  if (`${folder}/`.startsWith(`${source.replace(/\/$/, '')}/`)) {
    throw new Error(`${source} holds the demo's own ${folder}: set TMPDIR to a folder elsewhere`)
  }
  step(`What is to be saved: ${source}`)
  const before = await snapshotTree(source)
  say(`  ${describeSize(before)}`)

  step('Scheduler, worker and board, three processes')
  await writeFile(installation.configFile, configuration(installation, source))
  await installation.startApps()
  say(`  board  ${installation.boardUrl}`)

  step('A backup, through the queue')
  await installation.run('run', 'sample', '--wait')
  step('It is in the bucket')
  await installation.run('list')
  step('And back, into another folder')
  const target = `${folder}/restored`
  await installation.requireSpace(before)
  await installation.run('restore', 'sample', '--to', target)

  step('Are the two trees equal?')
  const proof = await proveEqual({ source, before, restored: await snapshotTree(target) })
  sayProof(proof)
  return proof.isEqual
}

async function stayUp(installation: DemoInstallation): Promise<void> {
  sayNext(installation)
  while (!stopping.aborted) {
    installation.requireApps()
    await sleep(500, undefined, { signal: stopping }).catch(() => {
      // Ctrl-C ends the nap, and then the loop.
    })
  }
}

async function makeSample(path: string): Promise<string> {
  await mkdir(path)
  await seededTree(path, { files: 800, bytes: 32_000_000, seed: 20_261_123 })
  return path
}

function configuration(installation: DemoInstallation, source: string): string {
  // Half a day away, so that no scheduled run gets in the way of the one that is shown.
  const due = new Date(systemClock.now() + 12 * 3_600_000)
  const isRoot = process.getuid?.() === 0
  // JSON strings are YAML strings; the loader would expand a `$` in a path.
  const path = JSON.stringify(source.replaceAll('$', '$$$$'))
  return `# yaml-language-server: $schema=./backstream.schema.json
version: 1
name: demo
redis: ${installation.redisUrl}
board: { listen: "${new URL(installation.boardUrl).host}" }
storages:
  main:
    kind: s3
    bucket: demo
    endpoint: ${installation.s3Endpoint}
    region: us-east-1
    pathStyle: true
    credentials:
      accessKeyId: { env: DEMO_ACCESS_KEY_ID }
      secretAccessKey: { env: DEMO_SECRET_ACCESS_KEY }
defaults:
  storage: main
plans:
  sample:
    schedule: "${due.getUTCMinutes()} ${due.getUTCHours()} * * *"
    source:
      kind: directory
      path: ${path}
      allowEmpty: true
      onUnreadable: ${isRoot ? 'error' : 'skip'}
`
}

let steps = 0

function step(title: string): void {
  stopping.throwIfAborted()
  steps += 1
  say(`\n${styleText('bold', `${steps}. ${title}`)}`)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** A file with several names is one file, as in the archive. */
function describeSize(tree: TreeSnapshot): string {
  const files = [...tree].filter(
    ([path, { type, sameAs }]) => type === 'file' && (sameAs === null || sameAs === path),
  )
  const bytes = files.reduce((sum, [, { size }]) => sum + size, 0)
  const number = (value: number) => value.toLocaleString('en')
  return `${number(tree.size)} entries, ${number(files.length)} files, ${number(bytes)} bytes`
}

function sayProof(proof: Proof): void {
  for (const note of proof.notes) say(`  ${styleText('yellow', 'note')}  ${note}`)
  for (const difference of proof.differences.slice(0, 20))
    say(`  ${styleText('red', '✘')} ${difference}`)
  if (proof.differences.length > 20) say(`  … ${proof.differences.length} differences in all`)
  say(`  source    sha256 ${proof.sourceDigest}`)
  say(`  restored  sha256 ${proof.restoredDigest}`)
  const verdict = proof.isEqual ? styleText('green', '✔ equal') : styleText('red', '✘ not equal')
  say(`  ${verdict}: ${describeSize(proof.compared)} compared, with names, modes, times and links`)
}

function sayNext(installation: DemoInstallation): void {
  say(`
${styleText('bold', 'Everything stays up until Ctrl-C.')}
  ${installation.boardUrl}        how every plan is doing
  ${installation.boardUrl}queues  Bull Board: run the plan again, watch it, retry what failed
  ${installation.configFile}  the configuration

Next, for folders of your own:  npx backstream init`)
}

/** Aborted by the first signal; a second one ends the process by itself. */
function onSignals(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => controller.abort())
  }
  return controller.signal
}

async function readOptions(): Promise<DemoOptions> {
  const { values } = parseArgs({
    options: { once: { type: 'boolean', default: false }, path: { type: 'string' } },
  })
  if (values.path === undefined) return { once: values.once, path: undefined }
  // npm changes to the project's folder; what was typed was typed elsewhere.
  const path = resolve(process.env['INIT_CWD'] ?? '.', values.path)
  if (!(await stat(path)).isDirectory()) throw new TypeError(`${path} is not a folder`)
  return { once: values.once, path }
}

const options = await readOptions().catch((error: Error) => {
  process.stderr.write(`${error.message}\n${usage}\n`)
  process.exit(2)
})
const stopping = onSignals()
process.exitCode = { proved: 0, failed: 1, interrupted: 130 }[await main(options)]
