/** `npm run bench`: see `usage` in options.ts, and README.md. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@backstream/kernel'
import { startPrivateRedis, temporaryDirectory } from '@backstream/testkit'
import { cases } from './cases.ts'
import { contenders } from './contenders.ts'
import { measureLimit } from './limit.ts'
import { describeMachine } from './machine.ts'
import { measureOneFile } from './one-file.ts'
import { type BenchOptions, readOptions, usage } from './options.ts'
import { type Programs, requirePrograms } from './programs.ts'
import { renderPage } from './render-page.ts'
import { type CaseOptions, type Round, runCase } from './run-case.ts'
import { stageCommand } from './stage-command.ts'
import type { BenchResult, CaseResult } from './summary.ts'
import { prepareWorkload, type Workload, type WorkloadName } from './workload.ts'

async function main(options: BenchOptions): Promise<void> {
  if (process.platform !== 'linux') {
    throw new Error('The bench reads memory and CPU time from /proc: it needs Linux.')
  }
  const programs = requirePrograms()
  const result = await measure(options, programs)
  const page = renderPage(result)
  console.log(options.json ? JSON.stringify(result) : page)
  if (options.page !== undefined) writeFileSync(options.page, page)
}

async function measure(options: BenchOptions, programs: Programs): Promise<BenchResult> {
  const before = loadavg()[0] ?? 0
  await using setUp = new AsyncDisposableStack()
  const folder = setUp.use(await temporaryDirectory('bench')).path
  const memory = mkdtempSync('/dev/shm/backstream-bench-')
  setUp.defer(() => rmSync(memory, { recursive: true, force: true }))
  const treeOf = openTrees(options, join(folder, 'trees'))
  const redis = setUp.use(await startPrivateRedis())
  note('the package')
  const command = await stageCommand(folder)
  const tools = { redis, programs, command, folder, memory }
  const shared = { ...tools, signal: stopping, onRound: noteRound }
  const wanted = cases.filter(({ workload }) => options.workloads.includes(workload))
  const results: CaseResult[] = []
  for (const each of wanted) {
    const one = { ...each, ...(options.rounds === undefined ? {} : { rounds: options.rounds }) }
    note(`${one.task} of ${one.workload}, ${one.server}`)
    const caseOptions: CaseOptions = { ...shared, workload: treeOf(one.workload) }
    const rounds = await runCase(one, caseOptions)
    const limit = one.limit === undefined ? null : await measureLimit(caseOptions)
    const { name, files, bytes } = caseOptions.workload
    results.push({ of: one, workload: { name, files, bytes }, rounds, limit })
  }
  const hasBoth = options.workloads.includes('small') && options.workloads.includes('large')
  const trees = hasBoth ? [treeOf('small'), treeOf('large')] : []
  if (hasBoth) note('one file of a large archive')
  const oneFile = hasBoth
    ? await measureOneFile({ ...shared, workload: treeOf('small') }, { trees, rounds: 3 })
    : []
  return {
    format: 'backstream.bench/2',
    machine: describeMachine(programs),
    load: { before, after: loadavg()[0] ?? 0 },
    date: new Date(systemClock.now()).toISOString().slice(0, 10),
    scale: options.scale,
    seed: options.seed,
    cases: results,
    oneFile,
  }
}

/** Trees by name, each made when it is asked for first. */
function openTrees(
  { dir, scale, seed }: BenchOptions,
  temporary: string,
): (name: WorkloadName) => Workload {
  const folder = dir ?? temporary
  mkdirSync(folder, { recursive: true })
  return (name) => {
    note(`the tree of ${name}, in ${folder}`)
    return prepareWorkload(folder, { name, seed, scale })
  }
}

function noteRound(one: Round): void {
  const figures = [
    `${one.wallSeconds.toFixed(2)} s`,
    `CPU ${one.cpuSeconds.toFixed(2)} s`,
    `${Math.round(one.peakRssBytes / 2 ** 20)} MiB`,
    ...(one.probe ? [`lag p99 ${one.probe.lag.p99Ms.toFixed(1)} ms`] : []),
  ]
  const name = contenders[one.contender].text.replaceAll('\\', '')
  note(`  round ${one.round}, ${name}: ${figures.join(', ')}`)
}

/** To stderr, so that what is printed stays the result alone. */
function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

function onSignals(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => controller.abort(new Error('interrupted')))
  }
  return controller.signal
}

const stopping = onSignals()
try {
  // npm changes to the project's folder; what was typed was typed elsewhere.
  const options = readOptions(process.argv.slice(2), process.env['INIT_CWD'] ?? '.')
  if (options) await main(options)
  else console.log(usage)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  const isUsage = error instanceof TypeError
  if (isUsage) console.error(usage)
  process.exitCode = stopping.aborted ? 130 : isUsage ? 2 : 1
}
