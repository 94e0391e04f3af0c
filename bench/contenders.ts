import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  backstreamConfiguration,
  backstreamEnvironment,
  type Contest,
  rivalEnvironment,
} from './contest.ts'
import type { ProbeReport } from './lag-probe.ts'
import { type Measurement, measureCommand } from './measure-command.ts'
import { readCpuSeconds } from './process-tree.ts'

export type ContenderName =
  | 'backstream'
  | 'zstd-aws'
  | 'zstd-rclone'
  | 'gzip-aws'
  | 'python-aws'
  | 'restic'
  | 'backstream-restore'
  | 'aws-zstd'

export interface ContenderRun extends Measurement {
  /** Only of a backup by backstream. */
  readonly probe?: ProbeReport
}

export interface Contender {
  /** As it stands in the tables. */
  readonly text: string
  /** What has to be there first, and is not measured. */
  readonly prepare?: (contest: Contest) => Promise<unknown>
  readonly run: (contest: Contest) => Promise<ContenderRun>
}

/** A line for the shell; `$tar` and so on are the programs, `$path` is what is read. */
function pipeline(text: string, script: string): Contender {
  return { text, run: (contest) => runPipeline(contest, script) }
}

const aws = '"$aws" s3 cp - "s3://$key" --quiet'

export const contenders: Readonly<Record<ContenderName, Contender>> = {
  backstream: { text: 'backstream run', run: runBackstream },
  'zstd-aws': pipeline(
    'tar \\| zstd -3 -T0 \\| aws s3 cp -',
    `$produce | "$zstd" -3 -T0 -q | ${aws}`,
  ),
  'zstd-rclone': pipeline(
    'tar \\| zstd -3 -T0 \\| rclone rcat',
    '$produce | "$zstd" -3 -T0 -q | "$rclone" rcat --s3-chunk-size 16M --s3-no-check-bucket "bench:$key"',
  ),
  'gzip-aws': pipeline('tar czf - \\| aws s3 cp -', `"$tar" -C "$path" -czf - . | ${aws}`),
  'python-aws': pipeline(
    'Python tarfile w:gz \\| aws s3 cp -',
    `"$python3" -c 'import sys, tarfile
with tarfile.open(mode="w:gz", fileobj=sys.stdout.buffer) as tar: tar.add(sys.argv[1], arcname=".")' "$path" | ${aws}`,
  ),
  restic: {
    text: 'restic backup (first)',
    prepare: (contest) => runPipeline(contest, '"$restic" -q -r "s3:$endpoint/$key" init >&2'),
    run: (contest) => runPipeline(contest, '"$restic" -q -r "s3:$endpoint/$key" backup "$path"'),
  },
  'backstream-restore': {
    text: 'backstream restore',
    prepare: runBackstream,
    run: (contest) => runCommandLine(contest, ['restore', 'tree', '--to', contest.target]),
  },
  'aws-zstd': {
    text: 'aws s3 cp \\| zstd -d \\| tar x',
    prepare: (contest) => runPipeline(contest, `$produce | "$zstd" -3 -T0 -q | ${aws}`),
    run: (contest) =>
      runPipeline(
        contest,
        'mkdir -p "$target" && "$aws" s3 cp "s3://$key" - --quiet | "$zstd" -d -q | "$tar" -C "$target" -xf -',
      ),
  },
}

/** One run through Redis, served by a worker in the same process; Redis' CPU time counts as well. */
async function runBackstream(contest: Contest): Promise<ContenderRun> {
  const probeFile = join(contest.folder, 'probe.json')
  const before = readCpuSeconds(contest.redis.pid())
  const args = ['run', 'tree', '--here', '--json', '--quiet']
  const measured = await runCommandLine(contest, args, probeFile)
  return {
    ...measured,
    cpuSeconds: measured.cpuSeconds + readCpuSeconds(contest.redis.pid()) - before,
    probe: JSON.parse(readFileSync(probeFile, 'utf8')),
  }
}

/** As its first line starts it, with a probe when it is to be watched. */
export function runCommandLine(
  contest: Contest,
  args: readonly string[],
  probeFile?: string,
): Promise<Measurement> {
  const config = join(contest.folder, 'backstream.yaml')
  writeFileSync(config, backstreamConfiguration(contest))
  const watched = probeFile === undefined ? [] : ['--import', contest.command.probe]
  const node = [process.execPath, ...watched]
  return measureCommand(
    {
      script: 'exec "$@"',
      args: [...node, contest.command.file, '--config', config, '--log-format', 'json', ...args],
      env: { ...backstreamEnvironment(contest.server), BENCH_PROBE_FILE: probeFile },
    },
    contest.signal,
  )
}

function runPipeline(contest: Contest, script: string): Promise<Measurement> {
  const { workload, programs, run, server, target, signal } = contest
  const read =
    workload.name === 'stream'
      ? 'produce() { cat "$path"/large/0000/*; }'
      : 'produce() { "$tar" -C "$path" -cf - .; }'
  return measureCommand(
    {
      script: `${read}\n${script.replaceAll('$produce', 'produce')}`,
      args: [],
      env: {
        ...rivalEnvironment(contest),
        ...programs.paths,
        path: workload.path,
        endpoint: server.endpoint,
        target,
        key: `${server.bucket}/rival-${run}/archive`,
      },
    },
    signal,
  )
}
