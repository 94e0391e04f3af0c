import { describeError, type Logger } from '@backstream/kernel'
import express, { type Request, type Response, type Router } from 'express'
import { userOf } from '../access/gate.ts'
import { BoardError } from '../board-error.ts'
import type { PageContext } from '../page/layout.ts'
import type { Action, ActionDeps, ActionMaker, ActionPlace } from './action.ts'
import { cancelRun, retryRun } from './end-run.ts'
import { markAction } from './mark.ts'
import { confirmPrune } from './prune.ts'
import { renderAction } from './render-action.ts'
import { runNow } from './run-now.ts'
import { verifyNewest } from './verify.ts'

const routes: Readonly<Record<string, ActionMaker>> = {
  '/plans/:plan/run': runNow,
  '/plans/:plan/verify': verifyNewest,
  '/plans/:plan/prune': confirmPrune,
  '/plans/:plan/runs/:queue/:job/cancel': cancelRun,
  '/plans/:plan/runs/:queue/:job/retry': retryRun,
  '/plans/:plan/backups/:backup/accept': markAction('accept'),
  '/plans/:plan/backups/:backup/pin': markAction('pin'),
  '/plans/:plan/backups/:backup/unpin': markAction('unpin'),
}

export interface ActionRoutesOptions extends Omit<ActionDeps, 'signal'> {
  readonly basePath: string
  readonly logger: Logger
  readonly contextOf: (response: Response) => PageContext
  /** Puts a sentence into the address of the page that follows. */
  readonly sealNotice: (words: string) => string
}

const timeoutMs = 20_000

/** GET asks, POST does it. */
export function createActionRoutes(options: ActionRoutesOptions): Router {
  const router = express.Router()
  for (const [path, make] of Object.entries(routes)) {
    router.get(path, async (request, response) => {
      const { action, back } = await find(request, make, options)
      const context = options.contextOf(response)
      if (!context.canAct)
        throw new BoardError('refused', 'A viewer may look, not change.', { statusCode: 403 })
      response.set('Cache-Control', 'no-store')
      response.type('html').send(renderAction(action, back, context))
    })
    router.post(path, async (request, response) => {
      const { action, back, place } = await find(request, make, options)
      if (action.refusal !== null) {
        throw new BoardError('refused', action.refusal, { statusCode: 409, permanent: true })
      }
      const words = await perform(action, { request, response, options })
      await options.state.changed(place.plan)
      response.redirect(303, `${back}?done=${encodeURIComponent(options.sealNotice(words))}`)
    })
  }
  return router
}

interface Found {
  readonly action: Action
  readonly place: ActionPlace
  /** The page it was asked for on. */
  readonly back: string
}

async function find(
  request: Request,
  make: ActionMaker,
  options: ActionRoutesOptions,
): Promise<Found> {
  const { plan: name, backup, queue, job } = request.params as Record<string, string | undefined>
  const plan = options.state.planNamed(name ?? '')
  if (plan === undefined) {
    throw new BoardError('refused', 'There is no such plan.', { statusCode: 404, permanent: true })
  }
  const place: ActionPlace = {
    plan,
    ...(backup !== undefined && { backup }),
    ...(queue !== undefined && job !== undefined && { run: { queue, jobId: job } }),
  }
  const action = await make({ ...options, signal: AbortSignal.timeout(timeoutMs) }, place)
  const at = `${options.basePath}/plans/${plan.name}`
  return { action, place, back: backup === undefined ? at : `${at}/backups/${backup}` }
}

interface Performing {
  readonly request: Request
  readonly response: Response
  readonly options: ActionRoutesOptions
}

/** One line in the log for whatever somebody had done, also when it did not work. */
async function perform(
  action: Action,
  { request, response, options }: Performing,
): Promise<string> {
  const { name: user } = userOf(response)
  const about = { audit: action.name, user, subject: action.subject, from: request.ip }
  try {
    const words = await action.perform(user)
    options.logger.info(about, `${user}: ${action.name} ${action.subject}: ${words}`)
    return words
  } catch (error) {
    const why = describeError(error)
    options.logger.warn(
      { ...about, err: error },
      `${user}: ${action.name} ${action.subject}: ${why}`,
    )
    throw error
  }
}
