/** A board for tests, and how they ask it things that `fetch` would not let them ask. */
import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { BoardConfig } from '@backstream/config'
import { silentLogger, systemClock } from '@backstream/kernel'
import { createMetrics } from '@backstream/runtime/metrics'
import { createMemoryStorage } from '@backstream/storage'
import { sampleConfig } from './sample-config.ts'
import { type Board, type ServeBoardDeps, serveBoard } from './serve-board.ts'

export const users = {
  ann: { role: 'operator', password: { value: 'secret' } },
  vic: { role: 'viewer', password: { value: 'look' } },
} as const
export const ann: string = `Basic ${btoa('ann:secret')}`
export const vic: string = `Basic ${btoa('vic:look')}`

export const noQueue = (): Promise<never> => Promise.reject(new Error('no queue here'))
export const producer: ServeBoardDeps['producer'] = {
  enqueueRun: noQueue,
  enqueueUpkeep: noQueue,
  retryRun: noQueue,
  cancelRun: noQueue,
  getRun: noQueue,
  workersOf: async () => [],
  findRuns: async () => [],
}

export async function startSampleBoard(
  board: Partial<BoardConfig> = {},
  deps: Partial<ServeBoardDeps> = {},
): Promise<Board & AsyncDisposable> {
  const started = await serveBoard({
    config: sampleConfig({ board }),
    queues: [],
    producer,
    openStorage: async () => createMemoryStorage(),
    openMaintenance: async () => createMemoryStorage(),
    leasePlan: noQueue,
    runHistory: {
      read: async () => ({ lastEnded: new Map(), failuresAtMs: new Map(), going: [] }),
    },
    listSchedules: async () => [],
    plansSeen: async () => new Map(),
    readIdentities: async () => [],
    sessionKey: Buffer.alloc(32, 7),
    metrics: createMetrics({ installation: 'home', version: '0.1.0' }),
    readQueues: async () => ({ queues: [], bullmq: 'bullmq_job_count 1\n' }),
    pingRedis: async () => {},
    readSecret: (ref) => ('value' in ref ? ref.value : ''),
    logger: silentLogger,
    clock: systemClock,
    version: '0.1.0',
    timeZone: undefined,
    ...deps,
  })
  return { ...started, [Symbol.asyncDispose]: () => started.close() }
}

interface Ask {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

export interface Answered {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** `fetch` does not let a test choose its Host. */
export async function ask(
  url: string,
  { method = 'GET', headers = {}, body }: Ask = {},
): Promise<Answered> {
  const asked = request(url, { method, headers, agent: false })
  asked.end(body)
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

/** What a page that was opened here sends along with a change. */
export async function tokenOf(
  url: string,
  given: Record<string, string> = {},
): Promise<Record<string, string>> {
  const { headers } = await ask(`${url}/`, { headers: given })
  return cookiesOf(headers['set-cookie'])
}

export function cookiesOf(lines: readonly string[] = []): Record<string, string> {
  const cookies = lines.map((line) => line.split(';')[0] ?? '')
  const token = cookies.find((cookie) => cookie.startsWith('XSRF-TOKEN='))?.slice(11) ?? ''
  return { cookie: cookies.join('; '), 'x-xsrf-token': token }
}

export const form = { 'content-type': 'application/x-www-form-urlencoded' }

export async function logIn(
  url: string,
  password: string,
  more: Record<string, string> = {},
): Promise<Answered> {
  const page = await ask(`${url}/login`, { headers: { accept: 'text/html' } })
  const { cookie = '', 'x-xsrf-token': token = '' } = cookiesOf(page.headers['set-cookie'])
  const body = String(new URLSearchParams({ name: 'ann', password, token, ...more }))
  return await ask(`${url}/login`, { method: 'POST', headers: { ...form, cookie }, body })
}

export const json = { 'content-type': 'application/json' }
