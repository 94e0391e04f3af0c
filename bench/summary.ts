import { type ContenderName, contenderNames } from './contenders.ts'
import type { Machine } from './machine.ts'
import type { Round } from './run-rounds.ts'
import type { ServerName } from './s3-server.ts'
import { type Spread, spreadOf } from './statistics.ts'
import type { PresetName, Workload } from './workload.ts'

const measures = ['wallSeconds', 'cpuSeconds', 'peakRssBytes', 'storedBytes'] as const
type Measure = (typeof measures)[number]

/** What `--json` prints. */
export interface Summary {
  readonly format: 'backstream.bench/1'
  readonly machine: Machine
  readonly preset: PresetName
  readonly seed: number
  readonly files: number
  readonly bytes: number
  readonly runs: number
  readonly servers: readonly ServerSummary[]
  readonly rounds: readonly Round[]
}

export interface ServerSummary {
  readonly server: ServerName
  readonly contenders: Readonly<Record<ContenderName, Readonly<Record<Measure, Spread>>>>
  /** Backstream's figure over the pipeline's, round by round: below 1 is less. */
  readonly ratios: Readonly<Record<Measure, Spread>>
  readonly filesPerSecond: Spread
  readonly megabytesPerSecond: Spread
  readonly lagP99Ms: Spread
  readonly lagMaxMs: Spread
}

export interface SummaryInput {
  readonly machine: Machine
  readonly preset: PresetName
  readonly seed: number
  readonly workload: Workload
  readonly runs: number
}

/** Of at least one round for each server. */
export function summarize({ workload, ...input }: SummaryInput, rounds: readonly Round[]): Summary {
  const { files, bytes } = workload
  const servers = [...new Set(rounds.map(({ server }) => server))]
  return {
    format: 'backstream.bench/1',
    ...input,
    ...{ files, bytes },
    servers: servers.map((server) =>
      summarizeServer(
        workload,
        rounds.filter((round) => round.server === server),
      ),
    ),
    rounds,
  }
}

function summarizeServer({ files, bytes }: Workload, rounds: readonly Round[]): ServerSummary {
  const of = (name: ContenderName) => rounds.filter(({ contender }) => contender === name)
  const [ours, theirs] = [of('backstream'), of('pipeline')]
  const spread = (of: (round: Round) => number) => spreadOf(ours.map(of))
  return {
    server: rounds[0]?.server ?? 'sink',
    contenders: record(contenderNames, (name) =>
      record(measures, (measure) => spreadOf(of(name).map((round) => round[measure]))),
    ),
    ratios: record(measures, (measure) =>
      spreadOf(ours.map((round, at) => round[measure] / (theirs[at]?.[measure] ?? Number.NaN))),
    ),
    filesPerSecond: spread(({ wallSeconds }) => files / wallSeconds),
    megabytesPerSecond: spread(({ wallSeconds }) => bytes / 1e6 / wallSeconds),
    lagP99Ms: spread(({ probe }) => probe?.lag.p99Ms ?? Number.NaN),
    lagMaxMs: spread(({ probe }) => probe?.lag.maxMs ?? Number.NaN),
  }
}

function record<K extends string, V>(keys: readonly K[], of: (key: K) => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, of(key)])) as Record<K, V>
}
