import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  freePort,
  openTestRedis,
  openTestS3,
  type StartedProcess,
  seededTree,
  startProcess,
  type TestRedis,
  type TestS3,
  temporaryDirectory,
} from '@backstream/testkit'
import { backstream, type CliOptions, type CliResult, cliFile } from './cli-fixture.ts'

/** A configuration on real services, with a worker that serves it and a tree to back up. */
export interface Installation extends AsyncDisposable {
  readonly folder: string
  readonly tree: string
  readonly env: Readonly<Record<string, string>>
  readonly s3: TestS3
  /** Runs a command to its end. */
  run(args: readonly string[], options?: Partial<CliOptions>): Promise<CliResult>
  /** The document a command prints with `--json`. */
  // biome-ignore lint/suspicious/noExplicitAny: a document as a script would read it
  json(args: readonly string[]): Promise<any>
  /** Starts a command that stays; `env` is added to the installation's own. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): StartedProcess
}

export interface InstallationOptions {
  /** What stands below `plans:`; those of the command-line tests when absent. */
  readonly plans?: (tree: string) => string
  /** The caller's, and closed by the caller. */
  readonly s3?: TestS3
  /** As above: for a test that does to it what no other test would survive. */
  readonly redis?: Pick<TestRedis, 'url' | 'prefix'>
  /** Whether a worker is started with it; yes when absent. */
  readonly isServed?: boolean
  /** The command that `start` starts; the sources' own when absent. */
  readonly program?: string
}

export async function openInstallation(options: InstallationOptions = {}): Promise<Installation> {
  await using services = new AsyncDisposableStack()
  const redis = options.redis ?? services.use(await openTestRedis())
  const s3 = options.s3 ?? services.use(await openTestS3())
  const { path: folder } = services.use(await temporaryDirectory('cli'))
  const tree = join(folder, 'tree')
  await mkdir(tree)
  await seededTree(tree, { files: 150, bytes: 3_000_000, seed: 7 })
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    TZ: 'UTC',
    REDIS_URL: redis.url,
    S3_ID: s3.accessKeyId,
    S3_SECRET: s3.secretAccessKey,
    BOARD_PORT: String(await freePort()),
  }
  const plans = (options.plans ?? commandLinePlans)(tree)
  await writeFile(join(folder, 'backstream.yaml'), configuration(redis, s3, plans))
  const start: Installation['start'] = (args, more) =>
    startProcess({
      command: process.execPath,
      args: [options.program ?? cliFile, ...args],
      cwd: folder,
      env: { ...env, ...more },
    })
  if (options.isServed ?? true) {
    const worker = services.use(start(['worker']))
    await worker.waitForOutput(/serves backups/)
  }
  const run: Installation['run'] = (args, options) =>
    backstream(args, { cwd: folder, env, ...options })
  const open = services.move()
  return {
    ...{ folder, tree, env, s3, run, start },
    async json(args) {
      const { stdout, stderr } = await run([...args, '--json'])
      if (stdout === '') throw new Error(stderr)
      return JSON.parse(stdout)
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

function configuration(redis: Pick<TestRedis, 'prefix'>, s3: TestS3, plans: string): string {
  return `
version: 1
name: ${redis.prefix}
redis: "\${REDIS_URL}"
board: { listen: "127.0.0.1:\${BOARD_PORT}" }
storages:
  main:
    kind: s3
    bucket: ${s3.bucket}
    prefix: ${s3.prefix}
    region: ${s3.region}
    endpoint: ${s3.endpoint}
    pathStyle: true
    credentials: { accessKeyId: { env: S3_ID }, secretAccessKey: { env: S3_SECRET } }
defaults: { storage: main, attempts: 1 }
plans:
${plans}
`
}

function commandLinePlans(tree: string): string {
  return `
  home: { schedule: { every: 12h }, source: { kind: directory, path: ${tree} } }
  second: { source: { kind: directory, path: ${tree} } }
  broken: { source: { kind: command, argv: [sh, -c, "echo half; echo no space >&2; exit 3"] } }
  slow: { source: { kind: command, argv: [sh, -c, "sleep 600"] } }
  asleep: { runsOn: nobody, source: { kind: command, argv: [sh, -c, "sleep 600"] } }
  nas: { runsOn: nas, source: { kind: directory, path: ${tree} } }
  gone: { source: { kind: directory, path: ${tree}-not-there } }
`
}
