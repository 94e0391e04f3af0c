import { rmSync } from 'node:fs'
import type { PrivateRedis } from '@backstream/testkit'
import type { Case } from './cases.ts'
import { type ContenderName, contenders } from './contenders.ts'
import type { Contest } from './contest.ts'
import { rivalEnvironment } from './contest.ts'
import type { ProbeReport } from './lag-probe.ts'
import { measureCommand } from './measure-command.ts'
import type { Programs } from './programs.ts'
import { type BenchServer, startBenchServer } from './s3-server.ts'
import type { StagedCommand } from './stage-command.ts'
import type { Workload } from './workload.ts'

export interface Round {
  /** From 1. */
  readonly round: number
  readonly contender: ContenderName
  readonly wallSeconds: number
  readonly cpuSeconds: number
  readonly peakRssBytes: number
  /** Of a backup: all that stands in the bucket because of it. */
  readonly storedBytes: number | null
  /** Null where the server does not count them. */
  readonly requests: number | null
  readonly probe: ProbeReport | null
}

export interface CaseOptions {
  readonly workload: Workload
  readonly redis: PrivateRedis
  readonly programs: Programs
  readonly command: StagedCommand
  readonly folder: string
  /** A folder in memory for what is restored. */
  readonly memory: string
  readonly signal: AbortSignal
  /** Told of each as it ends. */
  readonly onRound: (round: Round) => void
}

/**
 * All rounds of a case, interleaved, the order turned around from round to round, so that whatever
 * else the machine does meets all alike. One server for a restore, whose objects are made once; a
 * fresh one for each round of a backup.
 */
export async function runCase(one: Case, options: CaseOptions): Promise<Round[]> {
  return one.task === 'backup' ? await runBackups(one, options) : await runRestores(one, options)
}

export const oursIn = ({ task }: Case): ContenderName =>
  task === 'backup' ? 'backstream' : 'backstream-restore'

async function runBackups(one: Case, options: CaseOptions): Promise<Round[]> {
  const rounds: Round[] = []
  await readThrough(options)
  for (let round = 1; round <= one.rounds; round++) {
    await using server = await startBenchServer(one.server)
    for (const name of orderOf(one, round)) {
      const contest = contestOf(options, server, `${round}-${name}`)
      await contenders[name].prepare?.(contest)
      const requestsBefore = await countRequests(server)
      const measured = await contenders[name].run(contest)
      const requestsAfter = await countRequests(server)
      const requests = requestsAfter === null ? null : requestsAfter - (requestsBefore ?? 0)
      const storedBytes = await readStoredBytes(contest, name)
      rounds.push(note(options, { ...measured, round, contender: name, storedBytes, requests }))
    }
  }
  return rounds
}

/** Into the page cache, so that whoever comes first finds there what the others do. */
async function readThrough({ workload, signal }: CaseOptions): Promise<void> {
  const script = 'tar -cf - -C "$1" . | cat > /dev/null'
  await measureCommand({ script, args: [workload.path], env: process.env }, signal)
}

async function runRestores(one: Case, options: CaseOptions): Promise<Round[]> {
  const rounds: Round[] = []
  await makeRoom(options)
  await using server = await startBenchServer(one.server)
  const contestFor = (name: ContenderName) => contestOf(options, server, name)
  for (const name of orderOf(one, 1)) await contenders[name].prepare?.(contestFor(name))
  for (let round = 1; round <= one.rounds; round++) {
    for (const name of orderOf(one, round)) {
      const contest = contestFor(name)
      try {
        const measured = await contenders[name].run(contest)
        const nothing = { storedBytes: null, requests: null }
        rounds.push(note(options, { ...measured, ...nothing, round, contender: name }))
      } finally {
        rmSync(contest.target, { recursive: true, force: true })
      }
    }
  }
  return rounds
}

/**
 * In memory for what is restored: what a virtual machine has not touched yet, or what the page cache holds, costs
 * whoever comes first a second of CPU time for each GB.
 */
async function makeRoom({ workload, memory, signal }: CaseOptions): Promise<void> {
  const script = 'cp -R "$1" "$2" && rm -r "$2"'
  const args = [workload.path, `${memory}/room`]
  await measureCommand({ script, args, env: process.env }, signal)
}

function orderOf(one: Case, round: number): ContenderName[] {
  const rivals = one.rivals.filter(({ rounds = one.rounds }) => round <= rounds)
  const order = [oursIn(one), ...rivals.map(({ name }) => name)]
  return round % 2 === 0 ? order.toReversed() : order
}

function contestOf(options: CaseOptions, server: BenchServer, run: string): Contest {
  const { workload, redis, programs, command, folder, memory, signal } = options
  const target = `${memory}/restored-${run}`
  return { workload, redis, programs, command, folder, signal, server, run, target }
}

type Measured = Omit<Round, 'probe'> & { readonly probe?: ProbeReport }

function note({ onRound }: CaseOptions, measured: Measured): Round {
  const { round, contender, wallSeconds, cpuSeconds, peakRssBytes } = measured
  const { storedBytes, requests, probe = null } = measured
  const done = { round, contender, wallSeconds, cpuSeconds, peakRssBytes }
  const whole = { ...done, storedBytes, requests, probe }
  onRound(whole)
  return whole
}

async function countRequests({ countUrl }: BenchServer): Promise<number | null> {
  return countUrl === null ? null : Number(await (await fetch(countUrl)).text())
}

/** Of all objects of one contender; asked of either server in the same way. */
async function readStoredBytes(contest: Contest, name: ContenderName): Promise<number> {
  const { programs, server, run, signal } = contest
  const prefix = name === 'backstream' ? `backstream-${run}` : `rival-${run}`
  const { stdout } = await measureCommand(
    {
      script: '"$aws" s3 ls "$1" --recursive --summarize',
      args: [`s3://${server.bucket}/${prefix}/`],
      env: { ...rivalEnvironment(contest), ...programs.paths },
    },
    signal,
  )
  const bytes = /Total Size: (\d+)/.exec(stdout)?.[1]
  if (bytes === undefined) throw new Error(`aws s3 ls said nothing of a size:\n${stdout}`)
  return Number(bytes)
}
