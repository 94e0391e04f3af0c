import type { Config, Plan } from '@backstream/config'
import { maintenanceQueue, queueOfPlan } from '@backstream/jobs'
import type { Logger } from '@backstream/kernel'
import type { BoardQueue } from '@backstream/queue'
import { createBullBoard } from '@bull-board/api'
import type { UIConfig } from '@bull-board/api/typings/app'
import { ExpressAdapter } from '@bull-board/express'
import type { Express, RequestHandler } from 'express'
import { userOf } from '../access/gate.ts'
import { allowChanges } from './allowed-changes.ts'
import { PlanQueueAdapter, type RunStarter } from './plan-queue-adapter.ts'

export interface MountOptions {
  readonly config: Config
  readonly queues: readonly BoardQueue[]
  readonly producer: RunStarter
  readonly logger: Logger
  /** Where the board is mounted, without a slash at its end. */
  readonly basePath: string
}

/**
 * Bull Board, once for each role: read-only is a property of its queues, not of who asks, and so a
 * viewer's page does not even offer what would be refused.
 */
export function mountBullBoard(options: MountOptions): RequestHandler {
  const operator = createBoard(options, false)
  const viewer = createBoard(options, true)
  return (request, response, next) => {
    const board = userOf(response).role === 'operator' ? operator : viewer
    board(request, response, next)
  }
}

function createBoard(options: MountOptions, isReadOnly: boolean): RequestHandler {
  const { config, queues, producer, logger, basePath } = options
  const serverAdapter = new ExpressAdapter()
  serverAdapter.setBasePath(`${basePath}/queues`)
  createBullBoard({
    queues: queues.map((queue) => {
      const plans = config.plans.filter((plan) => queueOfPlan(plan) === queue.name)
      const description = describeQueue(queue.name, plans)
      return new PlanQueueAdapter({ queue, plans, producer, logger, isReadOnly, description })
    }),
    serverAdapter,
    options: {
      uiConfig: uiConfig(config.name, basePath),
      handlerHooks: { before: allowChanges({ plans: config.plans }) },
    },
  })
  const app: Express = serverAdapter.getRouter()
  app.disable('x-powered-by')
  return app
}

function describeQueue(name: string, plans: readonly Plan[]): string {
  if (name === maintenanceQueue) return 'Clean-up and other work of the installation itself'
  return plans.length === 0
    ? 'No plan uses this queue'
    : `Runs of ${plans.map((plan) => plan.name).join(', ')}`
}

function uiConfig(installation: string, basePath: string): UIConfig {
  const time = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const
  return {
    boardTitle: `Backstream · ${installation}`,
    favIcon: { default: '../assets/icon.svg', alternative: '../assets/icon.svg' },
    boardLogo: { path: `${basePath}/assets/icon.svg`, width: 24, height: 24 },
    miscLinks: [
      { text: 'Overview', url: `${basePath}/` },
      { text: 'Metrics', url: `${basePath}/metrics` },
    ],
    hideDocsLink: true,
    dateFormats: {
      short: time,
      common: { ...time, month: 'short', day: 'numeric' },
      full: { ...time, year: 'numeric', month: 'short', day: 'numeric' },
    },
    theme: {
      light: { 'font-sans': 'system-ui, sans-serif', 'font-mono': 'ui-monospace, monospace' },
      dark: { 'font-sans': 'system-ui, sans-serif', 'font-mono': 'ui-monospace, monospace' },
    },
  }
}
