/** `npm run bench`: see `usage` in options.ts, and README.md. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { startPrivateRedis, temporaryDirectory } from '@backstream/testkit'
import { describeMachine, type Machine } from './machine.ts'
import { type BenchOptions, readOptions, usage } from './options.ts'
import { type Programs, requirePrograms } from './programs.ts'
import { renderPage } from './render-page.ts'
import { renderText } from './render-table.ts'
import { type Round, runRounds } from './run-rounds.ts'
import { type Summary, summarize } from './summary.ts'
import { type PresetName, prepareWorkload } from './workload.ts'

async function main(options: BenchOptions): Promise<void> {
  if (process.platform !== 'linux') {
    throw new Error('The bench reads memory and CPU time from /proc: it needs Linux.')
  }
  const programs = requirePrograms()
  const machine = describeMachine(programs)
  const summaries: Summary[] = []
  for (const preset of options.presets) {
    summaries.push(await runPreset(options, { preset, programs, machine }))
  }
  if (options.json) console.log(JSON.stringify(summaries.length === 1 ? summaries[0] : summaries))
  if (options.page !== undefined) await writeFile(options.page, renderPage(summaries))
}

interface PresetRun {
  readonly preset: PresetName
  readonly programs: Programs
  readonly machine: Machine
}

async function runPreset(
  options: BenchOptions,
  { preset, programs, machine }: PresetRun,
): Promise<Summary> {
  await using setUp = new AsyncDisposableStack()
  const folder = setUp.use(await temporaryDirectory('bench')).path
  const dir = options.dir ?? `${folder}-trees`
  await mkdir(dir, { recursive: true })
  if (!options.keep) setUp.defer(() => rm(dir, { recursive: true, force: true }))
  const { runs, seed, servers } = options
  note(`making the tree of ${preset} in ${dir}`)
  const workload = prepareWorkload(dir, preset, seed)
  const redis = setUp.use(await startPrivateRedis())
  const rounds = await runRounds({
    contest: { workload, redis, programs, folder, signal: stopping },
    ...{ servers, runs },
    onRound: noteRound,
  })
  const summary = summarize({ machine, preset, seed, workload, runs }, rounds)
  if (!options.json) console.log(`\n${renderText(summary)}\n`)
  if (options.keep) note(`the tree is kept: --dir ${dir} uses it again`)
  return summary
}

function noteRound(one: Round): void {
  const title = one.round === 0 ? 'warming up' : `round ${one.round}`
  const figures = [
    `${one.wallSeconds.toFixed(2)} s`,
    `CPU ${one.cpuSeconds.toFixed(2)} s`,
    `${Math.round(one.peakRssBytes / 2 ** 20)} MiB`,
    ...(one.probe ? [`lag p99 ${one.probe.lag.p99Ms.toFixed(1)} ms`] : []),
  ]
  note(`${title}, ${one.server}, ${one.contender}: ${figures.join(', ')}`)
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
