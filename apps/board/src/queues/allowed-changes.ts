import type { Plan } from '@backstream/config'
import type { BeforeHook, BeforeHookResult, HookContext } from '@bull-board/api/typings/app'
import { BoardError } from '../board-error.ts'
import { readTypedRun } from './typed-run.ts'

/**
 * The changes Bull Board may make, by method and route. Whatever is not named here is refused, so a
 * later version of it opens nothing by itself. Left out on purpose: obliterate, empty, concurrency,
 * rate limits, editing a job's data, delay or priority, and removing or editing a schedule.
 */
const allowed: Readonly<
  Record<string, (context: HookContext, rules: ChangeRules) => string | null>
> = {
  'post /api/queues/:queueName/add': refuseTypedJob,
  'put /api/queues/:queueName/job-schedulers/:schedulerId/run': () => null,
  'put /api/queues/:queueName/:jobId/retry': () => null,
  'put /api/queues/:queueName/retry/:queueStatus': ({ request }) =>
    onlyStatus(request.params['queueStatus'], ['failed']),
  'put /api/queues/:queueName/:jobId/promote': () => null,
  'put /api/queues/:queueName/promote': () => null,
  'put /api/queues/:queueName/:jobId/clean': () => null,
  'put /api/queues/:queueName/clean/:queueStatus': ({ request }) =>
    onlyStatus(request.params['queueStatus'], ['failed', 'completed']),
  'put /api/queues/:queueName/pause': () => null,
  'put /api/queues/:queueName/resume': () => null,
  'put /api/queues/pause': () => null,
  'put /api/queues/resume': () => null,
}

export interface ChangeRules {
  readonly plans: readonly Plan[]
}

export function allowChanges(rules: ChangeRules): BeforeHook {
  return (context): BeforeHookResult => {
    if (context.method === 'get') return { allow: true }
    const key = `${context.method} ${context.route}`
    const check = Object.hasOwn(allowed, key) ? allowed[key] : undefined
    if (check === undefined) {
      return {
        allow: false,
        status: 403,
        message:
          'Backstream does not let the board do that: it could lose runs or stop a schedule.',
      }
    }
    const reason = check(context, rules)
    return reason === null ? { allow: true } : { allow: false, status: 400, message: reason }
  }
}

/** Refused here with its reason; what passes is read once more where the job is made. */
function refuseTypedJob({ request }: HookContext, { plans }: ChangeRules): string | null {
  const { data, options } = (request.body ?? {}) as { data?: unknown; options?: unknown }
  try {
    readTypedRun({ data, options }, String(request.params['queueName']), plans)
    return null
  } catch (error) {
    if (error instanceof BoardError) return error.message
    throw error
  }
}

function onlyStatus(status: unknown, statuses: readonly string[]): string | null {
  if (statuses.some((name) => name === status)) return null
  return `Only runs that are ${statuses.join(' or ')} can be handled together.`
}
