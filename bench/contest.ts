import type { PrivateRedis } from '@backstream/testkit'
import type { Programs } from './programs.ts'
import type { BenchServer } from './s3-server.ts'
import type { StagedCommand } from './stage-command.ts'
import type { Workload } from './workload.ts'

/** What a contender is given. */
export interface Contest {
  readonly workload: Workload
  /** Backed up together in the place of `workload`, by backstream. */
  readonly trees?: readonly Workload[]
  readonly server: BenchServer
  readonly redis: PrivateRedis
  readonly programs: Programs
  readonly command: StagedCommand
  /** For files of the run. */
  readonly folder: string
  /** Where a restore goes: a folder in memory, made anew for each. */
  readonly target: string
  /** Different in each run, so that no key is used twice. */
  readonly run: string
  readonly signal: AbortSignal
}

export function backstreamConfiguration(contest: Contest): string {
  const { redis, server, run } = contest
  return JSON.stringify({
    version: 1,
    name: 'bench',
    redis: redis.url,
    storages: {
      main: {
        kind: 's3',
        bucket: server.bucket,
        prefix: `backstream-${run}`,
        endpoint: server.endpoint,
        region: server.region,
        pathStyle: true,
        ...(server.caFile === null ? {} : { caFile: server.caFile }),
        profile: { checksums: server.keepsChecksums },
        credentials: {
          accessKeyId: { env: 'BENCH_ACCESS_KEY_ID' },
          secretAccessKey: { env: 'BENCH_SECRET_ACCESS_KEY' },
        },
      },
    },
    plans: { tree: { storage: 'main', schedule: { every: '7d' }, ...sourcesOf(contest) } },
  })
}

function sourcesOf({ workload, trees }: Contest): object {
  // JSON is YAML; the loader would expand a `$` in a path.
  const pathOf = ({ path }: Workload) => path.replaceAll('$', '$$$$')
  if (trees) {
    return {
      sources: trees.map((tree) => ({ kind: 'directory', at: tree.name, path: pathOf(tree) })),
    }
  }
  const path = pathOf(workload)
  if (workload.name !== 'stream') return { source: { kind: 'directory', path } }
  return { source: { kind: 'command', argv: ['/bin/sh', '-c', `exec cat '${path}'/large/0000/*`] } }
}

type Environment = Record<string, string | undefined>

export function backstreamEnvironment(server: BenchServer): Environment {
  return {
    ...quietEnvironment(),
    BENCH_ACCESS_KEY_ID: server.accessKeyId,
    BENCH_SECRET_ACCESS_KEY: server.secretAccessKey,
  }
}

/** For `aws`, `rclone` (remote `bench:`) and `restic`. */
export function rivalEnvironment({ server, folder }: Contest): Environment {
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
    ...(server.caFile === null ? {} : { AWS_CA_BUNDLE: server.caFile }),
    RCLONE_CONFIG: `${folder}/rclone.conf`,
    RCLONE_CONFIG_BENCH_TYPE: 's3',
    RCLONE_CONFIG_BENCH_PROVIDER: 'Ceph',
    RCLONE_CONFIG_BENCH_ENDPOINT: server.endpoint,
    RCLONE_CONFIG_BENCH_ACCESS_KEY_ID: server.accessKeyId,
    RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY: server.secretAccessKey,
    RESTIC_PASSWORD: 'bench',
    RESTIC_CACHE_DIR: `${folder}/restic-cache`,
  }
}

/** A developer's own settings and cloud account must not reach what is measured. */
function quietEnvironment(): Environment {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(BACKSTREAM_|AWS_|RCLONE_|RESTIC_|REDIS_URL|NODE_OPTIONS|npm_)/.test(name),
  )
  return Object.fromEntries(kept)
}
