import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type ServerName, serverNames } from './s3-server.ts'
import { type PresetName, presetNames, presetTexts } from './workload.ts'

export interface BenchOptions {
  readonly presets: readonly PresetName[]
  readonly servers: readonly ServerName[]
  readonly runs: number
  readonly seed: number
  readonly json: boolean
  /** Where trees are made, or found; a temporary folder when undefined. */
  readonly dir: string | undefined
  readonly keep: boolean
  /** Writes the page of results to this file. */
  readonly page: string | undefined
}

export const usage: string = `Usage: npm run bench -- [OPTION]…

Measures a backup by this tool against \`tar | zstd -3 -T0 | aws s3 cp -\` on the same tree into the
same S3 servers, in turns: wall time, CPU seconds, peak memory of all processes, bytes stored.

  --preset ${presetNames.join('|')}  what is backed up, may be repeated (default mixed)
${presetNames.map((name) => `      ${name.padEnd(6)} ${presetTexts[name]}`).join('\n')}
  --server ${serverNames.join('|')}       where to, may be repeated (default both): one that discards what
                               it gets, and the embedded S3 server, each a process of its own
  --runs N                     rounds that count, after one that warms up (default 5)
  --seed N                     of the tree (default 1)
  --dir DIR                    make the tree in DIR, or use the one made there before; implies --keep
  --keep                       leave the tree behind and say where it is
  --json                       one JSON document instead of the table
  --page FILE                  also write a page of results in Markdown
  --help

It needs Linux, tar, zstd and the AWS command line.`

/** Undefined when help is asked for. Throws a TypeError that says what is wrong. */
export function readOptions(args: readonly string[], cwd: string): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      preset: { type: 'string', multiple: true, default: ['mixed'] },
      server: { type: 'string', multiple: true, default: [...serverNames] },
      runs: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
      dir: { type: 'string' },
      keep: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      page: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  return {
    presets: values.preset.map((name) => choose('--preset', name, presetNames)),
    servers: values.server.map((name) => choose('--server', name, serverNames)),
    runs: wholeNumber('--runs', values.runs),
    seed: wholeNumber('--seed', values.seed),
    json: values.json,
    dir: values.dir === undefined ? undefined : resolve(cwd, values.dir),
    keep: values.keep || values.dir !== undefined,
    page: values.page === undefined ? undefined : resolve(cwd, values.page),
  }
}

function choose<T extends string>(option: string, value: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === value)
  if (choice !== undefined) return choice
  throw new TypeError(`${option} ${value}: choose one of ${choices.join(', ')}`)
}

function wholeNumber(option: string, value: string): number {
  if (/^[1-9]\d{0,5}$/.test(value)) return Number(value)
  throw new TypeError(`${option} ${value} is not a whole number above 0`)
}
