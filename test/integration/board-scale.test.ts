/**
 * A thousand plans with a hundred thousand runs behind them: the overview is drawn from memory, in
 * less time than anybody notices, and what it is drawn from does not grow beyond some hundred bytes
 * a backup.
 */
import { equal, match, ok } from 'node:assert/strict'
import { after, before, it, type TestContext } from 'node:test'
import { startBoard } from '@backstream/board'
import { type Config, parseConfig } from '@backstream/config'
import { formatBackupId, silentLogger, systemClock } from '@backstream/kernel'
import { openBoardQueues, openQueueConnection, type QueueConnection } from '@backstream/queue'
import { createMemoryStorage, type Storage } from '@backstream/storage'
import { leakGuard, openTestRedis, type TestRedis, waitFor } from '@backstream/testkit'
import { manifestOf } from '../e2e/board-history.ts'

const plans = 1_000
const backupsEach = 100
const hour = 3_600_000
const nowMs = systemClock.now()

let redis: TestRedis
before(async () => {
  redis = await openTestRedis()
})
after(async () => {
  await redis?.[Symbol.asyncDispose]()
})
leakGuard()

it('shows a thousand plans with a hundred thousand runs at once', async (t) => {
  const config = readConfig(redis.prefix)
  await using connection = await openQueueConnection({
    ...{ redis: { url: redis.url }, installation: config.name },
    ...{ logger: silentLogger, clock: systemClock },
  })
  await writeRuns(connection, config)
  globalThis.gc?.()
  const heapBefore = process.memoryUsage().heapUsed
  const storage = endlessStorage()
  const board = await startBoard({
    ...{ config, connection, logger: silentLogger, clock: systemClock, identityFile: null },
    openStorage: async () => storage,
    openMaintenance: async () => storage,
    env: { TZ: 'Europe/Berlin' },
  })
  try {
    const first = await ask(board.url)
    match(first.text, /not read yet|All 1000 plans/)
    await waitFor(async () => /All 1000 plans are well[^,]/.test((await ask(board.url)).text), {
      ...{ what: 'all plans to be read', timeoutMs: 300_000, everyMs: 1_000 },
    })
    await measure(t, board.url)
    globalThis.gc?.()
    const grown = (process.memoryUsage().heapUsed - heapBefore) / 2 ** 20
    t.diagnostic(`heap grown by ${Math.round(grown)} MiB`)
    ok(grown < 300, `the heap has grown by ${Math.round(grown)} MiB`)
  } finally {
    await board.close()
  }
})

async function measure(t: TestContext, url: string): Promise<void> {
  const taken: { wallMs: number; cpuMs: number; bytes: number }[] = []
  for (let round = 0; round < 9; round++) {
    const cpu = process.cpuUsage()
    const startedMs = performance.now()
    const { text } = await ask(url)
    const { user, system } = process.cpuUsage(cpu)
    const wallMs = performance.now() - startedMs
    taken.push({ wallMs, cpuMs: (user + system) / 1000, bytes: text.length })
    // Of the queues nothing is said while Redis, on the same busy cores, takes its time.
    equal(text.match(/>plan-\d{4}<\/a>/g)?.length, plans)
  }
  const [middle] = taken.toSorted((a, b) => a.cpuMs - b.cpuMs).slice(4)
  const wall = taken.map(({ wallMs }) => Math.round(wallMs)).join(', ')
  t.diagnostic(`overview: ${wall} ms, ${Math.round((middle?.bytes ?? 0) / 1024)} KiB`)
  // Work, not waiting: what else this machine does meanwhile is not the board's.
  ok((middle?.cpuMs ?? 0) < 300, `an overview takes ${Math.round(middle?.cpuMs ?? 0)} ms of CPU`)
}

async function ask(url: string): Promise<{ readonly text: string }> {
  const response = await fetch(`${url}/`, { headers: { accept: 'text/html' } })
  equal(response.status, 200)
  return { text: await response.text() }
}

function nameOf(index: number): string {
  return `plan-${String(index).padStart(4, '0')}`
}

function readConfig(name: string): Config {
  const lines = Array.from({ length: plans }, (_, at) => `  ${nameOf(at)}: {}`)
  const text = `
version: 1
name: ${name}
redis: redis://unused
board: { listen: "127.0.0.1:0" }
storages: { main: { kind: s3, bucket: unused } }
defaults:
  storage: main
  schedule: { every: 6h }
  source: { kind: directory, path: /srv }
plans:
${lines.join('\n').replaceAll('{}', '{ source: { kind: directory, path: /srv } }')}`.replace(
    '  source: { kind: directory, path: /srv }\nplans',
    'plans',
  )
  const result = parseConfig(text, { file: 'board.yaml', env: {} })
  if (!result.ok) throw new Error(JSON.stringify(result.problems.slice(0, 3), null, 2))
  return result.config
}

/** As BullMQ leaves runs that have ended, without a hundred thousand of them having to run. */
async function writeRuns(connection: QueueConnection, { plans: all }: Config): Promise<void> {
  const [queue] = openBoardQueues(connection, ['backups'])
  if (!queue) throw new Error('no queue')
  const client = await queue.getBackend().client
  for (const [index, { name }] of all.entries()) {
    // BullMQ's own type of a pipeline knows only what BullMQ sends.
    const pipeline = client.pipeline() as ReturnType<typeof client.pipeline> & WithZadd
    for (let at = 0; at < backupsEach; at++) {
      const endedMs = nowMs - at * 6 * hour - index
      const id = `repeat:${name}:${endedMs - 60_000}`
      pipeline.hset(queue.toKey(id), {
        ...{ name: 'backup.run', opts: '{"attempts":3}', timestamp: endedMs - 60_000 },
        data: JSON.stringify({ v: 1, plan: name, trigger: 'schedule' }),
        ...{ processedOn: endedMs - 50_000, finishedOn: endedMs, atm: 1 },
        returnvalue: JSON.stringify({
          outcome: 'committed',
          plan: name,
          backup: id,
          status: 'good',
        }),
      })
      pipeline.zadd(queue.toKey('completed'), endedMs, id)
    }
    await pipeline.exec()
  }
}

interface WithZadd {
  zadd(key: string, score: number, member: string): unknown
}

/** Makes up its listings and manifests as they are asked for, and keeps none. */
function endlessStorage(): Storage {
  const empty = createMemoryStorage()
  const at = (index: number) => Math.floor((nowMs - index * 6 * hour) / 1000) * 1000
  const idOf = (index: number) =>
    formatBackupId({ startedAtMs: at(index), fence: backupsEach - index })
  return {
    ...empty,
    async *list(prefix) {
      for (let index = backupsEach - 1; index >= 0; index--) {
        const key = `${prefix}${idOf(index)}.json`
        yield { kind: 'object', key, bytes: 2_000, etag: 'x', lastModifiedMs: nowMs }
      }
    },
    async *listLevel() {},
    async get(key, options) {
      const [, plan = '', backup = ''] = /^(.*)\/(.*)\.json$/.exec(key) ?? []
      if (plan === '') return await empty.get(key, options)
      const index = backupsEach - Number(backup.split('-')[1])
      const manifest = manifestOf({ plan, at: [] }, { index, atMs: at(index), backup })
      const bytes = Buffer.from(JSON.stringify(manifest))
      const body = (async function* () {
        yield bytes
      })()
      return {
        ...{ bytes: bytes.length, totalBytes: bytes.length, etag: 'x', versionId: undefined },
        ...{
          lastModifiedMs: nowMs,
          storageClass: undefined,
          checksums: { composite: false },
          body,
        },
      }
    },
  }
}
