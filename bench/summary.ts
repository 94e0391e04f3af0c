import type { Case, Rival } from './cases.ts'
import type { Limit } from './limit.ts'
import type { Machine } from './machine.ts'
import type { OneFile } from './one-file.ts'
import { oursIn, type Round } from './run-case.ts'
import { type Spread, spreadOf } from './statistics.ts'
import type { Workload } from './workload.ts'

export interface CaseResult {
  readonly of: Case
  readonly workload: Pick<Workload, 'name' | 'files' | 'bytes'>
  readonly rounds: readonly Round[]
  readonly limit: Limit | null
}

/** What `--json` prints. */
export interface BenchResult {
  readonly format: 'backstream.bench/2'
  readonly machine: Machine
  /** Of one minute, before anything was measured and after all of it. */
  readonly load: { readonly before: number; readonly after: number }
  readonly date: string
  readonly scale: number
  readonly seed: number
  readonly cases: readonly CaseResult[]
  readonly oneFile: readonly OneFile[]
}

/** Ours over theirs, round by round, in the rounds that both took part in. */
export interface Comparison {
  readonly rival: Rival
  readonly wall: Spread
  readonly cpu: Spread
}

export function compareRivals({ of, rounds }: CaseResult): Comparison[] {
  const ours = roundsOf(rounds, oursIn(of))
  return of.rivals.map((rival) => {
    const theirs = roundsOf(rounds, rival.name)
    const ratio = (figure: 'wallSeconds' | 'cpuSeconds') =>
      spreadOf(
        theirs.map((one) => {
          const mine = ours.find(({ round }) => round === one.round)
          return (mine?.[figure] ?? Number.NaN) / one[figure]
        }),
      )
    return { rival, wall: ratio('wallSeconds'), cpu: ratio('cpuSeconds') }
  })
}

export function roundsOf(rounds: readonly Round[], name: Round['contender']): Round[] {
  return rounds.filter(({ contender }) => contender === name)
}

/** Which part of the limit the median run reached; above 1 is noise, or an overlap that is not counted. */
export function partOfLimit({ of, rounds, limit }: CaseResult): number | null {
  if (!limit) return null
  const walls = roundsOf(rounds, oursIn(of)).map(({ wallSeconds }) => wallSeconds)
  return limit.wallSeconds / spreadOf(walls).median
}
