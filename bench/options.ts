import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type WorkloadName, workloadNames } from './workload.ts'

export interface BenchOptions {
  /** 1 for the page; 8 for a look. */
  readonly scale: number
  readonly workloads: readonly WorkloadName[]
  /** Overrides the rounds of every case. */
  readonly rounds: number | undefined
  readonly seed: number
  readonly json: boolean
  /** Where trees are made, or found; a temporary folder when undefined. */
  readonly dir: string | undefined
  /** Where the page of results is written. */
  readonly page: string | undefined
}

export const usage: string = `Usage: npm run bench -- [OPTION]…

Measures backups and restores by this tool beside what people type, on the same trees and the same S3
servers, in turns: wall time, CPU seconds, peak memory of all processes, bytes stored, requests. Takes a
quarter of an hour on two cores, and writes docs/benchmarks.md.

  --quick          an eighth of the data, in two minutes; writes no page unless --page is given
  --workload NAME  ${workloadNames.join('|')}; may be repeated (default all); writes no page either
  --rounds N       rounds of every case
  --seed N         of the trees (default 1)
  --dir DIR        make the trees in DIR, or use those made there before, and leave them
  --page FILE      where the page goes
  --json           one JSON document on stdout instead of the page
  --help

It needs Linux, 10 GiB of memory, and tar, zstd, aws, rclone, restic, python3 and the packages of a Ceph
gateway, which are installed where apt-get may.`

/** Undefined when help is asked for. Throws a TypeError that says what is wrong. */
export function readOptions(args: readonly string[], cwd: string): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      workload: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      seed: { type: 'string', default: '1' },
      dir: { type: 'string' },
      json: { type: 'boolean', default: false },
      page: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const isWhole = !values.quick && !values.workload && !values.json
  const page = values.page ?? (isWhole ? defaultPage : undefined)
  return {
    scale: values.quick ? 8 : 1,
    workloads: values.workload?.map(toWorkload) ?? workloadNames,
    rounds: values.rounds === undefined ? undefined : wholeNumber('--rounds', values.rounds),
    seed: wholeNumber('--seed', values.seed),
    json: values.json,
    dir: values.dir === undefined ? undefined : resolve(cwd, values.dir),
    page: page === undefined ? undefined : resolve(cwd, page),
  }
}

const defaultPage = new URL('../docs/benchmarks.md', import.meta.url).pathname

function toWorkload(value: string): WorkloadName {
  const choice = workloadNames.find((candidate) => candidate === value)
  if (choice !== undefined) return choice
  throw new TypeError(`--workload ${value}: choose one of ${workloadNames.join(', ')}`)
}

function wholeNumber(option: string, value: string): number {
  if (/^[1-9]\d{0,5}$/.test(value)) return Number(value)
  throw new TypeError(`${option} ${value} is not a whole number above 0`)
}
