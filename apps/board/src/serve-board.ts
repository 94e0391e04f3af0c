/**
 * The board: overview, plans and backups, Bull Board, metrics and health behind one door.
 *
 * `/healthz` and `/readyz` are open to whoever reaches the port and tell nothing but yes or no, and
 * never whether backups are fresh: an orchestrator that restarts the board for that would make it
 * worse. Everything else passes door and gate (access/gate.ts) first.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describeError, type Logger } from '@backstream/kernel'
import express, { type ErrorRequestHandler, type Express, type Router } from 'express'
import { createChangeCheck, createDoor, createGate, type GateOptions } from './access/gate.ts'
import { createLoginLimit } from './access/login-limit.ts'
import { createLoginRoutes } from './access/login-routes.ts'
import { isLoopback } from './access/loopback.ts'
import { createOidcRoutes } from './access/oidc.ts'
import { renderRefusal } from './access/refusal-page.ts'
import { refuse, refuseWithPages } from './access/refuse.ts'
import { securityHeaders } from './access/security-headers.ts'
import { createSessions } from './access/sessions.ts'
import { createUserDirectory } from './access/users.ts'
import { BoardError } from './board-error.ts'
import { createLiveEvents, type LiveEvents } from './live/events.ts'
import { createSay } from './page/say.ts'
import { createPages, type PagesDeps } from './pages.ts'
import { type BoardState, type BoardStateOptions, createBoardState } from './state/board-state.ts'
import { withDeadline } from './with-deadline.ts'

export interface ServeBoardDeps
  extends Omit<PagesDeps, 'state' | 'basePath' | 'sessions' | 'live' | 'isOpen'>,
    BoardStateOptions {
  /** Rejects while Redis cannot be reached. */
  readonly pingRedis: () => Promise<void>
  /** What sessions are signed with: the same for all boards of the installation. */
  readonly sessionKey: Buffer
}

export interface Board {
  /** Where it answers, without a slash at its end. */
  readonly url: string
  /** Stops listening, lets requests under way finish for a moment, then cuts them. */
  close(): Promise<void>
}

const readyTimeoutMs = 3_000
const closeTimeoutMs = 2_000
const formLimit = '64kb'

/** Rejects with a `BoardError`: `usage` when it would be open to the network, `listen` when it cannot. */
export async function serveBoard(deps: ServeBoardDeps): Promise<Board> {
  const { config, readSecret, sessionKey: key, logger, clock } = deps
  const { board } = config
  const users = createUserDirectory(board.users, {
    readSecret,
    key,
    hasProvider: board.oidc !== null,
  })
  if (!users.asksForPassword && !isLoopback(board.host)) {
    throw new BoardError('usage', `the board would be open to everyone who reaches ${board.host}`, {
      permanent: true,
      remedy: 'Set board.users or board.oidc, or listen on 127.0.0.1.',
    })
  }
  await users.check()
  const basePath = trimBasePath(board.basePath)
  const sessions = createSessions({ key, clock, basePath })
  const state = createBoardState(deps)
  const live = createLiveEvents(state)
  const gate = { rules: board, users, sessions, basePath, logger }
  const pages = createPages({
    ...deps,
    state,
    basePath,
    sessions,
    live,
    isOpen: !users.asksForPassword,
  })
  const server = createServer(createApp(deps, { gate, pages }))
  const port = await listen(server, board.host, board.port)
  const url = `http://${board.host.includes(':') ? `[${board.host}]` : board.host}:${port}${basePath}`
  logger.info({ url }, 'board is up')
  return { url, close: () => closeAll(server, live, state) }
}

interface Parts {
  readonly gate: GateOptions
  readonly pages: Router
}

function createApp(deps: ServeBoardDeps, { gate, pages }: Parts): Express {
  const { config, logger, version } = deps
  const { basePath } = gate
  const app = express()
  app.disable('x-powered-by')
  app.set('trust proxy', [...config.board.trustedProxies])
  app.use(securityHeaders)
  const health = createHealth(deps)
  app.use(health)
  const inside = express.Router()
  const bare = { version, basePath, installation: config.name, say: createSay(undefined) }
  const nobody = { ...bare, user: null, canAct: false, token: '' }
  inside.use(health, createDoor(gate))
  inside.use(refuseWithPages((status, message) => renderRefusal(status, message, nobody)))
  inside.use(createLoginLimit(logger))
  inside.use(express.urlencoded({ extended: false, limit: formLimit }))
  inside.use('/assets', express.static(`${import.meta.dirname}/../assets`, { maxAge: '1h' }))
  const hasUsers = Object.keys(config.board.users).length > 0
  const { oidc, url: boardUrl } = config.board
  const provider = oidc && new URL(oidc.issuer).host
  const login = { ...gate, version, hasUsers, installation: config.name, provider }
  if (gate.users.asksForPassword) inside.use(createLoginRoutes(login))
  if (oidc) inside.use(createOidcRoutes({ ...deps, ...gate, config: oidc, boardUrl }))
  inside.use(createGate(gate), createChangeCheck(gate), pages)
  app.use(basePath === '' ? '/' : basePath, inside)
  if (basePath !== '') app.use(createDoor(gate))
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

async function closeAll(server: Server, live: LiveEvents, state: BoardState): Promise<void> {
  live[Symbol.dispose]()
  await Promise.all([closeServer(server), state.stop()])
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
