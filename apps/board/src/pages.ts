import type { AgeIdentity } from '@backstream/backup'
import type { Config, SecretRef } from '@backstream/config'
import type { Clock, Logger } from '@backstream/kernel'
import type { BoardQueue, RunProducer } from '@backstream/queue'
import type { Metrics } from '@backstream/runtime/metrics'
import type { Storage } from '@backstream/storage'
import express, { type Response, type Router } from 'express'
import { sessionOf, userOf } from './access/gate.ts'
import type { Sessions } from './access/sessions.ts'
import { createActionRoutes } from './actions/action-routes.ts'
import { createBackupRoutes } from './backup/backup-routes.ts'
import type { LiveEvents } from './live/events.ts'
import { createMetricsPage } from './metrics-page.ts'
import { renderOverview } from './overview/render-overview.ts'
import { countedIcon } from './page/icon.ts'
import type { PageContext } from './page/layout.ts'
import { createNotices } from './page/notice.ts'
import { createSay } from './page/say.ts'
import { readPlanPage } from './plan/read-plan-page.ts'
import { renderPlan } from './plan/render-plan.ts'
import { createQueuesRoutes } from './queues/queues-routes.ts'
import type { BoardState } from './state/board-state.ts'

export interface PagesDeps {
  readonly config: Config
  /** Every queue of the installation. */
  readonly queues: readonly BoardQueue[]
  readonly producer: Pick<
    RunProducer,
    'enqueueRun' | 'enqueueUpkeep' | 'retryRun' | 'cancelRun' | 'findRuns' | 'getRun' | 'workersOf'
  >
  readonly openStorage: (name: string) => Promise<Storage>
  /** With the credentials that may remove things, where there are any. */
  readonly openMaintenance: (name: string) => Promise<Storage>
  /** No run of the plan until it is disposed of; rejects while one is under way. */
  readonly leasePlan: (plan: string, owner: string) => Promise<AsyncDisposable>
  readonly metrics: Metrics
  readonly readSecret: (ref: SecretRef) => string | Promise<string>
  /** What this machine can decrypt with; mostly nothing. */
  readonly readIdentities: () => Promise<readonly AgeIdentity[]>
  readonly state: BoardState
  readonly sessions: Sessions
  readonly live: LiveEvents
  readonly basePath: string
  /** Nobody is asked who they are. */
  readonly isOpen: boolean
  readonly logger: Logger
  readonly clock: Clock
  readonly version: string
  /** For display; the process's own when undefined. */
  readonly timeZone: string | undefined
}

/** Everything behind the gate. */
export function createPages(deps: PagesDeps): Router {
  const { state, live, sessions, basePath } = deps
  const pages = express.Router()
  const notices = createNotices(sessions)
  const contextOf = createContextOf(deps)
  pages.use((request, response, next) => {
    if (!request.path.startsWith('/queues/static')) response.set('Cache-Control', 'no-store')
    next()
  })
  pages.get('/', async (_request, response) => {
    await state.fresh()
    response.type('html').send(renderOverview(state.overview(), contextOf(response)))
  })
  pages.get('/plans/:plan', async (request, response, next) => {
    const page = await readPlanPage(request.params.plan, {
      ...deps,
      isWhole: request.query['all'] !== undefined,
    })
    if (page === undefined) return next()
    const notice = notices.read(request.query['done'])
    response.type('html').send(renderPlan(page, contextOf(response), notice))
  })
  pages.use(createBackupRoutes({ ...deps, contextOf, notices }))
  pages.use(
    createActionRoutes({
      ...deps,
      contextOf,
      sealNotice: notices.seal,
      installation: deps.config.name,
    }),
  )
  pages.get('/events', live.handler)
  pages.get('/icon/:tone-:count.svg', (request, response) => {
    const { tone, count } = request.params
    response.set('Cache-Control', 'max-age=86400')
    response.type('svg').send(String(countedIcon(tone, Number.parseInt(count, 10) || 0)))
  })
  pages.post('/logout', (request, response) => {
    sessions.close(request, response)
    response.redirect(303, `${basePath}/`)
  })
  pages.get('/metrics', createMetricsPage(deps))
  pages.use(createQueuesRoutes(deps))
  return pages
}

function createContextOf(deps: PagesDeps): (response: Response) => PageContext {
  const { config, basePath, version, sessions, isOpen } = deps
  const say = createSay(deps.timeZone)
  return (response) => {
    const user = userOf(response)
    const session = sessionOf(response)
    return {
      ...{ basePath, version, say, installation: config.name },
      user: isOpen || session === null ? null : user,
      // A script that reads pages has no session, and so no token for their forms.
      canAct: user.role === 'operator' && session !== null,
      token: session === null ? '' : sessions.tokenOf(session),
    }
  }
}
