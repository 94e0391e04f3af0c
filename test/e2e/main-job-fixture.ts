import { fileURLToPath } from 'node:url'
import {
  openTestS3,
  type S3FaultProxy,
  type StartedProcess,
  startProcess,
  startS3FaultProxy,
} from '@backstream/testkit'
import { tokenOf } from './board-fixture.ts'
import {
  type Installation,
  type InstallationOptions,
  openInstallation,
} from './cli-installation.ts'
import { type BucketView, viewBucket } from './main-job-bucket.ts'

const impatientWorker = fileURLToPath(new URL('main-job-worker.ts', import.meta.url))

/** An installation without a worker, seen from outside: its bucket, its board, its processes. */
export interface MainJob extends Installation {
  /** What a stranger sees in the bucket, past the faults. */
  readonly bucket: BucketView
  /** Between the product and the store. */
  readonly faults: S3FaultProxy
  /** `backstream worker`, ready. */
  startWorker(env?: Readonly<Record<string, string>>): Promise<StartedProcess>
  /** The same worker with the times of a dead one, and its grace, made short. */
  startImpatientWorker(): Promise<StartedProcess>
  startBoard(): Promise<BoardClient>
}

export interface BoardClient extends AsyncDisposable {
  // biome-ignore lint/suspicious/noExplicitAny: a document as a script would read it
  call(method: string, path: string, body?: unknown): Promise<any>
}

export async function openMainJob(
  plans: (tree: string) => string,
  options: Pick<InstallationOptions, 's3' | 'redis' | 'program'> = {},
): Promise<MainJob> {
  await using services = new AsyncDisposableStack()
  const s3 = options.s3 ?? services.use(await openTestS3())
  const faults = services.use(await startS3FaultProxy(s3.endpoint))
  const bucket = services.use(viewBucket(s3))
  const here = services.use(
    await openInstallation({
      ...options,
      plans,
      s3: { ...s3, endpoint: faults.endpoint },
      isServed: false,
    }),
  )
  const open = services.move()
  return {
    ...here,
    s3,
    bucket,
    faults,
    startWorker: (env) => ready(here.start(['worker'], env)),
    startImpatientWorker: () =>
      ready(
        startProcess({
          command: process.execPath,
          args: [impatientWorker],
          cwd: here.folder,
          env: { ...here.env, BACKSTREAM_CONFIG: `${here.folder}/backstream.yaml` },
        }),
      ),
    startBoard: () => startBoard(here),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

async function ready(worker: StartedProcess): Promise<StartedProcess> {
  try {
    await worker.waitForOutput(/serves backups/)
    return worker
  } catch (error) {
    await worker.stop()
    throw error
  }
}

async function startBoard({ start, env }: Installation): Promise<BoardClient> {
  const board = start(['board'])
  await board.waitForOutput(/board is up/)
  const address = `http://127.0.0.1:${env['BOARD_PORT']}`
  const token = await tokenOf(address)
  return {
    async call(method, path, body) {
      const response = await fetch(`${address}/queues/api/${path}`, {
        method,
        headers: {
          ...token,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
      return text === '' ? undefined : JSON.parse(text)
    },
    [Symbol.asyncDispose]: () => board[Symbol.asyncDispose](),
  }
}
