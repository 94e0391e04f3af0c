/**
 * The board: overview, Bull Board, metrics and health behind one door.
 *
 * `/healthz` and `/readyz` are open to whoever reaches the port and tell nothing but yes or no, and
 * never whether backups are fresh: an orchestrator that restarts the board for that would make it
 * worse. Everything else passes the gate (access/gate.ts) first.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Config, SecretRef } from '@backstream/config'
import { queueOfPlan } from '@backstream/jobs'
import { type Clock, describeError, type Logger } from '@backstream/kernel'
import type { BoardQueue, QueueMetrics, RunProducer } from '@backstream/queue'
import type { Metrics } from '@backstream/runtime'
import express, { type ErrorRequestHandler, type Express, type Router } from 'express'
import { changesState, createGate, refuse } from './access/gate.ts'
import { isLoopback } from './access/loopback.ts'
import { queuesSecurityHeaders, securityHeaders } from './access/security-headers.ts'
import { createUserDirectory, type UserDirectory } from './access/users.ts'
import { BoardError } from './board-error.ts'
import { createRunCounter } from './count-runs.ts'
import {
  createOverviewReader,
  type Overview,
  type PlanOverviewSource,
} from './overview/read-overview.ts'
import { renderOverview } from './overview/render-overview.ts'
import { mountBullBoard } from './queues/mount-bull-board.ts'
import { setGauges } from './set-gauges.ts'
import { withDeadline } from './with-deadline.ts'

export interface ServeBoardDeps {
  readonly config: Config
  /** Every queue of the installation. */
  readonly queues: readonly BoardQueue[]
  readonly producer: Pick<RunProducer, 'enqueueRun' | 'retryRun' | 'findRuns'>
  readonly overview: PlanOverviewSource
  readonly metrics: Metrics
  readonly readQueues: () => Promise<QueueMetrics>
  /** Rejects while Redis cannot be reached. */
  readonly pingRedis: () => Promise<void>
  readonly readSecret: (ref: SecretRef) => string | Promise<string>
  readonly logger: Logger
  readonly clock: Clock
  readonly version: string
  /** For display; the process's own when undefined. */
  readonly timeZone: string | undefined
}

export interface Board {
  /** Where it answers, without a slash at its end. */
  readonly url: string
  /** Stops listening, lets requests under way finish for a moment, then cuts them. */
  close(): Promise<void>
}

const readyTimeoutMs = 3_000
const closeTimeoutMs = 2_000
/** A run's job data is a plan's name and two flags. */
const bodyLimit = '16kb'

/** Rejects with a `BoardError`: `usage` when it would be open to the network, `listen` when it cannot. */
export async function serveBoard(deps: ServeBoardDeps): Promise<Board> {
  const { board } = deps.config
  const users = createUserDirectory(board.users, deps.readSecret)
  if (!users.asksForPassword && !isLoopback(board.host)) {
    throw new BoardError('usage', `the board would be open to everyone who reaches ${board.host}`, {
      permanent: true,
      remedy: 'Set board.users, or listen on 127.0.0.1.',
    })
  }
  await users.check()
  const basePath = trimBasePath(board.basePath)
  const server = createServer(createApp(deps, { users, basePath }))
  const port = await listen(server, board.host, board.port)
  const url = `http://${board.host.includes(':') ? `[${board.host}]` : board.host}:${port}${basePath}`
  deps.logger.info({ url }, 'board is up')
  return { url, close: () => closeServer(server) }
}

interface Place {
  readonly users: UserDirectory
  readonly basePath: string
}

function createApp(deps: ServeBoardDeps, { users, basePath }: Place): Express {
  const { config, logger } = deps
  const app = express()
  app.disable('x-powered-by')
  app.set('trust proxy', [...config.board.trustedProxies])
  app.use(securityHeaders)
  const health = createHealth(deps)
  app.use(health)
  if (basePath !== '') app.use(basePath, health)
  app.use(createGate({ rules: config.board, users, logger }))
  app.use(basePath === '' ? '/' : basePath, createPages(deps, basePath))
  app.use((_request, response) => refuse(response, 404, 'There is no such page here.'))
  app.use(reportError(logger))
  return app
}

function createHealth(deps: ServeBoardDeps): Router {
  const health = express.Router()
  health.get('/healthz', (_request, response) => {
    response.type('text').send('ok\n')
  })
  health.get('/readyz', async (_request, response) => {
    try {
      await withDeadline(deps.pingRedis(), readyTimeoutMs, 'Redis')
      response.type('text').send('ok\n')
    } catch (error) {
      deps.logger.warn({ err: error }, `not ready: ${describeError(error)}`)
      response.status(503).type('text').send('Redis cannot be reached\n')
    }
  })
  return health
}

function createPages(deps: ServeBoardDeps, basePath: string): Router {
  const pages = express.Router()
  const readOverview = createOverviewReader({ ...deps, source: deps.overview })
  const shown = {
    installation: deps.config.name,
    basePath,
    timeZone: deps.timeZone,
    version: deps.version,
    queueOfPlan: new Map(deps.config.plans.map((plan) => [plan.name, queueOfPlan(plan)])),
  }
  pages.get('/', async (_request, response) => {
    response.set('Cache-Control', 'no-store')
    response.type('html').send(renderOverview(await readOverview(), shown))
  })
  pages.get('/metrics', createMetricsPage(deps, readOverview))
  pages.use('/assets', express.static(`${import.meta.dirname}/../assets`, { maxAge: '1h' }))
  pages.use('/queues/api', (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  pages.use('/queues', queuesSecurityHeaders, readJsonBody(), mountBullBoard({ ...deps, basePath }))
  return pages
}

function createMetricsPage(
  deps: ServeBoardDeps,
  readOverview: () => Promise<Overview>,
): express.RequestHandler {
  const { metrics, producer, clock, logger } = deps
  const plans = deps.config.plans.map(({ name }) => name)
  const runs = createRunCounter({ metrics, producer, plans, sinceMs: clock.now() })
  return async (_request, response) => {
    // The rest is worth serving while Redis is away.
    const counted = withDeadline(runs.count(), readyTimeoutMs, 'Redis').catch((error: unknown) =>
      logger.warn({ err: error }, `runs not counted: ${describeError(error)}`),
    )
    const [overview] = await Promise.all([readOverview(), counted])
    setGauges(metrics, overview)
    response.set('Content-Type', metrics.contentType)
    response.send(`${await metrics.text()}${overview.bullmq}`)
  }
}

/** Nothing but JSON: a form of another site can send text or form fields without asking first. */
function readJsonBody(): express.RequestHandler {
  const read = express.json({ limit: bodyLimit })
  return (request, response, next) => {
    const hasBody = Number(request.headers['content-length'] ?? 0) > 0
    const isChunked = request.headers['transfer-encoding'] !== undefined
    if (changesState(request) && (hasBody || isChunked) && !request.is('application/json')) {
      return refuse(response, 415, 'Send JSON.')
    }
    read(request, response, next)
  }
}

function reportError(logger: Logger): ErrorRequestHandler {
  // biome-ignore lint/complexity/useMaxParams: Express tells error handlers by their four parameters
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error)
    const status = statusOf(error)
    if (status < 500) return refuse(response, status, describeError(error))
    logger.error({ err: error, path: request.path }, `board: ${describeError(error)}`)
    refuse(response, 500, 'Something went wrong here; the board’s log says what.')
  }
}

function statusOf(error: unknown): number {
  const status: unknown = error instanceof Error && 'statusCode' in error ? error.statusCode : 500
  return typeof status === 'number' && status >= 400 && status < 600 ? status : 500
}

function trimBasePath(path: string): string {
  const trimmed = path.replace(/^\/+|\/+$/g, '')
  return trimmed === '' ? '' : `/${trimmed}`
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const remedy =
        cause.code === 'EADDRINUSE'
          ? 'Set board.listen or BACKSTREAM_BOARD_LISTEN to a free port.'
          : 'Set board.listen or BACKSTREAM_BOARD_LISTEN to an address of this machine.'
      reject(new BoardError('listen', `cannot listen on ${host}:${port}`, { cause, remedy }))
    })
    server.listen(port, host, resolve)
  })
  return (server.address() as AddressInfo).port
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const cut = setTimeout(() => server.closeAllConnections(), closeTimeoutMs)
  try {
    await closed
  } finally {
    clearTimeout(cut)
  }
}
