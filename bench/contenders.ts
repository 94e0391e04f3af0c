import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PrivateRedis } from '@backstream/testkit'
import type { ProbeReport } from './lag-probe.ts'
import { type Measurement, measureCommand } from './measure-command.ts'
import { readCpuSeconds } from './process-tree.ts'
import type { Programs } from './programs.ts'
import { type BenchServer, bucket } from './s3-server.ts'
import type { Workload } from './workload.ts'

export const contenderNames = ['backstream', 'pipeline'] as const
export type ContenderName = (typeof contenderNames)[number]

export interface ContenderRun extends Measurement {
  /** Only of backstream. */
  readonly probe?: ProbeReport
}

export interface Contest {
  readonly workload: Workload
  readonly server: BenchServer
  readonly redis: PrivateRedis
  readonly programs: Programs
  /** For files of the run. */
  readonly folder: string
  readonly signal: AbortSignal
}

const commandLine = fileURLToPath(new URL('../apps/cli/src/main.ts', import.meta.url))
const probe = new URL('./lag-probe.ts', import.meta.url).href

/** What people type. */
export const pipelineText = 'tar -cf - | zstd -3 -T0 | aws s3 cp -'
export const backstreamText = 'backstream run --here'

export const contenders: Readonly<
  Record<ContenderName, (contest: Contest) => Promise<ContenderRun>>
> = { backstream: runBackstream, pipeline: runPipeline }

/** One run through Redis, served by a worker in the same process; Redis' CPU time counts as well. */
async function runBackstream(contest: Contest): Promise<ContenderRun> {
  const { redis, folder, signal, server } = contest
  const config = join(folder, 'backstream.yaml')
  const probeFile = join(folder, 'probe.json')
  writeFileSync(config, configuration(contest))
  const before = readCpuSeconds(redis.pid())
  const measured = await measureCommand(
    {
      script: 'exec "$@"',
      args: [
        process.execPath,
        ...['--import', probe, commandLine, '--config', config],
        ...['run', 'tree', '--here', '--json', '--log-format', 'json', '--quiet'],
      ],
      env: {
        ...quietEnvironment(),
        BENCH_PROBE_FILE: probeFile,
        BENCH_ACCESS_KEY_ID: server.accessKeyId,
        BENCH_SECRET_ACCESS_KEY: server.secretAccessKey,
      },
    },
    signal,
  )
  return {
    ...measured,
    cpuSeconds: measured.cpuSeconds + readCpuSeconds(redis.pid()) - before,
    probe: JSON.parse(readFileSync(probeFile, 'utf8')),
  }
}

function runPipeline({ workload, programs, server, signal }: Contest): Promise<ContenderRun> {
  return measureCommand(
    {
      script: '"$1" -C "$4" -cf - . | "$2" -3 -T0 -q | "$3" s3 cp - "$5" --quiet',
      args: [
        ...[programs.paths.tar, programs.paths.zstd, programs.paths.aws],
        ...[workload.path, `s3://${bucket}/pipeline/archive.tar.zst`],
      ],
      env: awsEnvironment(server),
    },
    signal,
  )
}

/** Of all objects in the bucket; asked of either server in the same way. */
export async function readStoredBytes({ programs, server, signal }: Contest): Promise<number> {
  const { stdout } = await measureCommand(
    {
      script: '"$1" s3 ls "$2" --recursive --summarize',
      args: [programs.paths.aws, `s3://${bucket}/`],
      env: awsEnvironment(server),
    },
    signal,
  )
  const bytes = /Total Size: (\d+)/.exec(stdout)?.[1]
  if (bytes === undefined) throw new Error(`aws s3 ls said nothing of a size:\n${stdout}`)
  return Number(bytes)
}

function configuration({ redis, server, workload }: Contest): string {
  // JSON is YAML; the loader would expand a `$` in a path.
  return JSON.stringify({
    version: 1,
    name: 'bench',
    redis: redis.url,
    storages: {
      main: {
        kind: 's3',
        bucket,
        prefix: 'backstream',
        endpoint: server.endpoint,
        region: server.region,
        pathStyle: true,
        credentials: {
          accessKeyId: { env: 'BENCH_ACCESS_KEY_ID' },
          secretAccessKey: { env: 'BENCH_SECRET_ACCESS_KEY' },
        },
      },
    },
    plans: {
      tree: {
        storage: 'main',
        schedule: { every: '7d' },
        source: { kind: 'directory', path: workload.path.replaceAll('$', '$$$$') },
      },
    },
  })
}

function awsEnvironment(server: BenchServer): Record<string, string | undefined> {
  return {
    ...quietEnvironment(),
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_REGION: server.region,
    AWS_DEFAULT_REGION: server.region,
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  }
}

/** A developer's own settings and cloud account must not reach what is measured. */
function quietEnvironment(): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(BACKSTREAM_|AWS_|REDIS_URL|NODE_OPTIONS|npm_)/.test(name),
  )
  return Object.fromEntries(kept)
}
