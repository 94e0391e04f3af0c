import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { appRoutes } from '@bull-board/api/dist/routes.js'
import type { BullBoardRequest, HookContext } from '@bull-board/api/typings/app'
import { samplePlan } from '../sample-config.ts'
import { allowChanges } from './allowed-changes.ts'

const before = allowChanges({ plans: [samplePlan({ name: 'media' })] })

function ask(method: string, route: string, request: Partial<BullBoardRequest> = {}) {
  const params = { queueName: 'backups', queueStatus: 'failed', ...request.params }
  const data = { v: 1, plan: 'media', trigger: 'manual' }
  const whole = { body: { name: 'x', data, options: {} }, ...request, params }
  return before({ method, route, request: whole } as HookContext)
}

describe('allowChanges', () => {
  it('lets pass of all routes that change something only these', async () => {
    const passing: string[] = []
    for (const { method, route } of appRoutes.api) {
      if (method === 'get') continue
      const answer = await ask(String(method), String(route))
      if (answer?.allow) passing.push(`${method} ${route}`)
    }
    deepEqual(passing.sort(), [
      'post /api/queues/:queueName/add',
      'put /api/queues/:queueName/:jobId/clean',
      'put /api/queues/:queueName/:jobId/promote',
      'put /api/queues/:queueName/:jobId/retry',
      'put /api/queues/:queueName/clean/:queueStatus',
      'put /api/queues/:queueName/job-schedulers/:schedulerId/run',
      'put /api/queues/:queueName/pause',
      'put /api/queues/:queueName/promote',
      'put /api/queues/:queueName/resume',
      'put /api/queues/:queueName/retry/:queueStatus',
      'put /api/queues/pause',
      'put /api/queues/resume',
    ])
  })

  it('refuses a change that this version does not know', async () => {
    for (const route of ['/api/queues/:queueName/melt', 'constructor', '__proto__']) {
      const answer = await ask('put', route)
      equal(answer && !answer.allow && answer.status, 403)
    }
  })

  it('cleans and retries together only what has ended', async () => {
    for (const queueStatus of ['active', 'wait', 'delayed', 'paused', 'prioritized', 'latest']) {
      for (const route of ['clean', 'retry']) {
        const answer = await ask('put', `/api/queues/:queueName/${route}/:queueStatus`, {
          params: { queueStatus },
        })
        equal(answer?.allow, false, `${route} ${queueStatus}`)
      }
    }
  })

  it('gives the reason a typed job is refused for', async () => {
    const answer = await ask('post', '/api/queues/:queueName/add', {
      body: { name: 'backup.run', data: { v: 1, plan: 'nowhere', trigger: 'manual' } },
    })
    deepEqual(answer, {
      allow: false,
      status: 400,
      message: 'There is no plan named nowhere',
    })
  })
})
