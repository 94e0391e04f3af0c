import {
  type ContenderName,
  type ContenderRun,
  type Contest,
  contenderNames,
  contenders,
  readStoredBytes,
} from './contenders.ts'
import { type ServerName, startBenchServer } from './s3-server.ts'

export interface Round {
  readonly server: ServerName
  /** From 1; 0 is the one that warms up and does not count. */
  readonly round: number
  readonly contender: ContenderName
  readonly wallSeconds: number
  readonly cpuSeconds: number
  readonly peakRssBytes: number
  readonly storedBytes: number
  readonly probe: ContenderRun['probe'] | undefined
}

export interface RoundsOptions {
  readonly contest: Omit<Contest, 'server'>
  readonly servers: readonly ServerName[]
  readonly runs: number
  /** Told of each as it ends. */
  readonly onRound: (round: Round) => void
}

/**
 * All runs, interleaved: in each round every contender meets every server once, the order turned
 * around from round to round, so that whatever else the machine does meets all alike.
 */
export async function runRounds(options: RoundsOptions): Promise<Round[]> {
  const rounds: Round[] = []
  for (let round = 0; round <= options.runs; round++) {
    const order = round % 2 === 0 ? contenderNames : contenderNames.toReversed()
    // To fill caches one server is enough.
    const servers = round === 0 ? options.servers.slice(0, 1) : options.servers
    for (const server of servers) {
      for (const contender of order) {
        const one = await runOnce(options, { server, round, contender })
        options.onRound(one)
        if (round > 0) rounds.push(one)
      }
    }
  }
  return rounds
}

async function runOnce(
  { contest }: RoundsOptions,
  { server: name, round, contender }: Pick<Round, 'server' | 'round' | 'contender'>,
): Promise<Round> {
  await using server = await startBenchServer(name)
  const one = { ...contest, server }
  const { wallSeconds, cpuSeconds, peakRssBytes, probe } = await contenders[contender](one)
  const storedBytes = await readStoredBytes(one)
  return {
    ...{ server: name, round, contender },
    ...{ wallSeconds, cpuSeconds, peakRssBytes, storedBytes, probe },
  }
}
