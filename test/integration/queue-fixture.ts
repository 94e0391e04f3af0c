import type { RunProgress, RunResult } from '@backstream/jobs'
import { type Logger, silentLogger, systemClock } from '@backstream/kernel'
import {
  type ActiveBackupRun,
  createRunWorker,
  openBoardQueues,
  openQueueConnection,
  type PlanRef,
  type QueueConnection,
  type RunEvent,
  type RunProducer,
  type RunRef,
  type RunWorker,
  type RunWorkerOptions,
} from '@backstream/queue'

export const media: PlanRef = {
  name: 'media',
  runsOn: null,
  attempts: 3,
  backoff: { delayMs: 20, factor: 1, maxMs: 20 },
}

export const committed: RunResult = {
  outcome: 'committed',
  plan: 'media',
  backup: '20260102T030405Z-000001',
  status: 'good',
  bytes: 1,
  entries: 1,
  storedBytes: 1,
  durationMs: 1,
  warnings: 0,
}

export type Run = ActiveBackupRun

export async function openQueue(
  url: string,
  installation: string,
  logger: Logger = silentLogger,
): Promise<QueueConnection & AsyncDisposable> {
  return await openQueueConnection({ redis: { url }, installation, logger, clock: systemClock })
}

/** A worker that serves `backups` and knows the plan `media`, unless said otherwise. */
export function startWorker(
  connection: QueueConnection,
  process: (run: Run) => Promise<RunResult>,
  options: Partial<RunWorkerOptions> = {},
): RunWorker {
  return createRunWorker(connection, {
    serves: ['backups'],
    concurrency: 2,
    workerName: 'one',
    host: 'here',
    knowsPlan: (name) => name === 'media',
    plans: ['media'],
    processors: { 'backup.run': process, 'backup.cleanup': async () => {} },
    ...options,
  })
}

/** How the run ended; undefined when it did not end in half a minute. */
export async function endOf(producer: RunProducer, ref: RunRef): Promise<RunEvent | undefined> {
  let last: RunEvent | undefined
  const signal = AbortSignal.timeout(30_000)
  for await (const event of producer.watchRun(ref, { everyMs: 20, signal })) last = event
  return last && ['completed', 'failed', 'gone'].includes(last.kind) ? last : undefined
}

export function progressAt(bytesRead: number): RunProgress {
  return {
    phase: 'streaming',
    bytesRead,
    bytesStored: 0,
    entries: 0,
    bytesTotal: null,
    percent: null,
    bytesPerSecond: 0,
    etaSeconds: null,
  }
}

/** Redis behind a queue's back: to do what a mishap or a stranger could do. */
export interface RawRedis {
  get(key: string): Promise<string | null>
  set(key: string, value: string): Promise<unknown>
  del(...keys: string[]): Promise<number>
  rename(from: string, to: string): Promise<unknown>
  hset(key: string, field: string, value: string | number): Promise<unknown>
  pexpire(key: string, ms: number): Promise<unknown>
  keys(pattern: string): Promise<string[]>
  sadd(key: string, member: string): Promise<unknown>
  zadd(key: string, score: number, member: string): Promise<unknown>
  zrem(key: string, member: string): Promise<unknown>
  zscore(key: string, member: string): Promise<string | null>
}

export async function rawRedis(connection: QueueConnection): Promise<RawRedis> {
  const [queue] = openBoardQueues(connection, ['backups'])
  return (await queue?.getBackend().client) as unknown as RawRedis
}
