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
  /** Starts a command that stays. */
  start(args: readonly string[]): StartedProcess
}

export async function openInstallation(): Promise<Installation> {
  await using services = new AsyncDisposableStack()
  const redis = services.use(await openTestRedis())
  const s3 = services.use(await openTestS3())
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
  await writeFile(join(folder, 'backstream.yaml'), configuration(redis, s3, tree))
  const start = (args: readonly string[]) =>
    startProcess({ command: process.execPath, args: [cliFile, ...args], cwd: folder, env })
  const worker = services.use(start(['worker']))
  await worker.waitForOutput(/serves backups/)
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

function configuration(redis: TestRedis, s3: TestS3, tree: string): string {
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
  home: { source: { kind: directory, path: ${tree} } }
  second: { source: { kind: directory, path: ${tree} } }
  broken: { source: { kind: command, argv: [sh, -c, "echo half; echo no space >&2; exit 3"] } }
  slow: { source: { kind: command, argv: [sh, -c, "sleep 600"] } }
  asleep: { runsOn: nobody, source: { kind: command, argv: [sh, -c, "sleep 600"] } }
  nas: { runsOn: nas, source: { kind: directory, path: ${tree} } }
  gone: { source: { kind: directory, path: ${tree}-not-there } }
`
}
