import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { listSchedules, openBoardQueues, queueNamesOf } from '@backstream/queue'
import { leakGuard, waitFor } from '@backstream/testkit'
import { type BoardFixture, openBoard, tokenOf } from './board-fixture.ts'

let fixture: BoardFixture
let ours: Record<string, string>
before(async () => {
  fixture = await openBoard()
  ours = await tokenOf(fixture.board.url)
})
after(() => fixture?.[Symbol.asyncDispose]())
leakGuard()

interface Answer {
  readonly status: number
  readonly body: { readonly message?: string; readonly job?: { readonly id: string } }
}

async function call(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${fixture.board.url}/queues/api/${path}`, {
    method,
    ...(body === undefined
      ? { headers: ours }
      : {
          headers: { ...ours, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
}

function queueNamed(name: string) {
  const [queue] = openBoardQueues(fixture.connection, [name])
  if (!queue) throw new Error(`no queue ${name}`)
  return queue
}

/** All that a hostile request must leave as it was. The one that ticks every second is left out. */
async function imprint() {
  const names = queueNamesOf(fixture.config.plans).filter((name) => name !== 'backups.clock')
  const queues = await Promise.all(
    openBoardQueues(fixture.connection, names).map(async (queue) => ({
      name: queue.name,
      isPaused: await queue.isPaused(),
      concurrency: await queue.getGlobalConcurrency(),
      jobs: (await queue.getJobs()).map(({ id, data, opts }) => ({ id, data, opts })),
      schedulers: await queue.getJobSchedulers(),
    })),
  )
  return queues
}

const good = { v: 1, plan: 'media', trigger: 'manual' }

describe('a job typed into the board', () => {
  it('becomes a run of its plan, by hand, with the plan’s own options', async () => {
    const typed = {
      name: 'anything',
      data: { ...good, trigger: 'schedule', pin: true },
      options: {
        jobId: 'mine',
        attempts: 99,
        delay: 3_600_000,
        priority: 7,
        repeat: { every: 1000 },
        removeOnComplete: true,
      },
    }
    const { status, body } = await call('POST', 'queues/backups/add', typed)
    equal(status, 200)
    const run = await fixture.ended(body.job?.id ?? '')
    notEqual(run.ref.jobId, 'mine')
    deepEqual(
      [run.jobName, run.trigger, run.attempts, run.state],
      ['backup.run', 'manual', fixture.plan('media').attempts, 'completed'],
    )
    const attempt = fixture.attempts.find(({ run: id }) => id === run.ref.jobId)
    deepEqual(attempt?.payload, { v: 1, plan: 'media', trigger: 'manual', pin: true })
    equal(await queueNamed('backups').getJobSchedulersCount(), 1)
  })

  const hostile: readonly (readonly [string, string, unknown, RegExp])[] = [
    ['an unknown plan', 'backups', { data: { ...good, plan: 'nowhere' } }, /no plan .*nowhere/i],
    ['a plan of another queue', 'backups', { data: { ...good, plan: 'far' } }, /backups\.nas/],
    ['a run in the maintenance queue', 'maintenance', { data: good }, /backups/],
    ['a clean-up', 'maintenance', { name: 'backup.cleanup', data: { v: 1, plan: 'media' } }, /./],
    ['a field too many', 'backups', { data: { ...good, bucket: 'theirs' } }, /bucket/],
    ['a path', 'backups', { data: { ...good, path: '/etc/shadow' } }, /path/],
    ['a path for a plan', 'backups', { data: { ...good, plan: '../media' } }, /plan/],
    ['a command', 'backups', { data: { ...good, argv: ['rm', '-rf', '/'] } }, /argv/],
    ['a huge payload', 'backups', { data: { ...good, plan: 'x'.repeat(1_000_000) } }, /large/],
    ['no payload', 'backups', {}, /not valid/],
    ['a list', 'backups', { data: [good] }, /not valid/],
  ]
  for (const [what, queue, typed, reason] of hostile) {
    it(`is refused when it is ${what}, and touches nothing`, async () => {
      const was = await imprint()
      const { status, body } = await call('POST', `queues/${queue}/add`, {
        name: 'backup.run',
        ...(typed as object),
        options: {},
      })
      ok(status >= 400 && status < 500, String(status))
      match(String(body.message), reason)
      deepEqual(await imprint(), was)
    })
  }

  it('cannot take the place of a schedule’s next run', async () => {
    const was = await imprint()
    const [next] = (await listSchedules(fixture.connection)).filter(({ plan }) => plan === 'media')
    for (const millis of [next?.nextMs ?? 0, (next?.nextMs ?? 0) + 86_400_000]) {
      const { status, body } = await call('POST', 'queues/backups/add', {
        name: 'backup.run',
        data: good,
        options: { jobId: `repeat:media:${millis}` },
      })
      equal(status, 400)
      match(String(body.message), /belongs to a schedule/)
    }
    deepEqual(await imprint(), was)
  })
})

describe('a schedule on the board', () => {
  it('shows its next run and what it says in words', async () => {
    const { body } = await call('GET', 'job-schedulers')
    const { schedulers } = body as unknown as {
      schedulers: { id: string; queueName: string; pattern: string; next: number }[]
    }
    const media = schedulers.find(({ id }) => id === 'media')
    const [listed] = (await listSchedules(fixture.connection)).filter(
      ({ plan }) => plan === 'media',
    )
    deepEqual(
      [media?.queueName, media?.pattern, media?.next],
      ['backups', 'cron 15 3 29 2 * UTC', listed?.nextMs],
    )
  })

  it('runs now, by hand, and keeps its next run', async () => {
    const [was] = await imprint()
    const path = 'queues/backups/job-schedulers/media/run'
    const { status, body } = await call('PUT', path)
    equal(status, 200)
    const run = await fixture.ended(body.job?.id ?? '')
    deepEqual([run.trigger, run.state], ['manual', 'completed'])
    const [is] = await imprint()
    deepEqual(is?.schedulers, was?.schedulers)
  })

  it('can be neither removed, edited, promoted nor moved', async () => {
    const was = await imprint()
    const armed = was.flatMap(({ jobs }) => jobs).find(({ id }) => id?.startsWith('repeat:media:'))
    const job = `queues/backups/${encodeURIComponent(armed?.id ?? '')}`
    for (const [method, path, body] of [
      ['PUT', 'queues/backups/job-schedulers/media/remove'],
      ['PATCH', 'queues/backups/job-schedulers/media', { every: 1000 }],
      ['PUT', `${job}/promote`],
      ['PUT', `${job}/clean`],
      ['PATCH', `${job}/delay`, { runAt: 1 }],
      ['PATCH', `${job}/priority`, { priority: 1 }],
      ['PATCH', `${job}/update-data`, { jobData: { ...good, plan: 'shop' } }],
      ['PUT', 'queues/backups/clean/delayed'],
      ['PUT', 'queues/backups/empty'],
      ['PUT', 'queues/backups/obliterate', { force: true }],
    ] as const) {
      const answer = await call(method, path, body)
      ok(answer.status >= 400 && answer.status < 500, `${path}: ${answer.status}`)
      ok(answer.body.message, path)
    }
    equal((await call('PUT', 'queues/backups/promote')).status, 200)
    deepEqual(await imprint(), was)
  })

  it('goes on when a run of it that failed is retried', async () => {
    fixture.failing.add('clock')
    const failed = await waitFor(
      async () =>
        (await fixture.producer.findRuns({ plan: 'clock', states: ['failed'], limit: 1 }))[0],
      { timeoutMs: 20_000, what: 'a scheduled run to fail' },
    )
    fixture.failing.delete('clock')
    match(failed.ref.jobId, /^repeat:clock:/)
    const path = `queues/backups.clock/${encodeURIComponent(failed.ref.jobId)}/retry`
    equal((await call('PUT', path)).status, 204)
    equal((await fixture.ended(failed.ref.jobId)).state, 'completed')
    const seen = fixture.attempts.length
    await waitFor(() => fixture.attempts.length >= seen + 2, { what: 'the next two runs' })
    const delayed = await queueNamed('backups.clock').getJobs(['delayed'])
    ok(delayed.length <= 1, `${delayed.length} runs are armed`)
  })
})

describe('a failed run on the board', () => {
  it('is retried with its full set of attempts, and completes once the cause is mended', async () => {
    fixture.failing.add('shop')
    const ref = await fixture.producer.enqueueRun({
      plan: fixture.plan('shop'),
      trigger: 'manual',
    })
    const failed = await fixture.ended(ref.jobId)
    deepEqual(
      [failed.state, failed.attemptsMade, failed.failedReason],
      ['failed', 2, 'the shop is closed'],
    )
    const attemptsOf = () => fixture.attempts.filter(({ run }) => run === ref.jobId).length
    equal(attemptsOf(), 2)

    equal((await call('PUT', `queues/backups/${ref.jobId}/retry`)).status, 204)
    await waitFor(() => attemptsOf() === 4, { what: 'both attempts again' })
    equal((await fixture.ended(ref.jobId)).state, 'failed')

    fixture.failing.delete('shop')
    equal((await call('PUT', 'queues/backups/retry/failed')).status, 200)
    equal((await fixture.ended(ref.jobId)).state, 'completed')

    const again = await call('PUT', `queues/backups/${ref.jobId}/retry`)
    equal(again.status, 409)
    match(String(again.body.message), /neither failed nor been cancelled/)
  })

  it('is removed when somebody asks', async () => {
    fixture.failing.add('shop')
    const plan = fixture.plan('shop')
    const ref = await fixture.producer.enqueueRun({ plan, trigger: 'manual' })
    equal((await fixture.ended(ref.jobId)).state, 'failed')
    fixture.failing.delete('shop')
    equal((await call('PUT', `queues/backups/${ref.jobId}/clean`)).status, 204)
    equal(await fixture.producer.getRun(ref), undefined)
  })

  it('is not removed while it is under way, not even when its worker has lost its lock', async () => {
    fixture.holding.add('shop')
    const plan = fixture.plan('shop')
    const { jobId } = await fixture.producer.enqueueRun({ plan, trigger: 'manual' })
    const queue = queueNamed('backups')
    const isActive = async () => (await queue.getJobState(jobId)) === 'active'
    await waitFor(isActive, { what: 'the run to be under way' })
    // As when its worker stood still for long.
    await (await queue.getBackend().client).del(queue.toKey(`${jobId}:lock`))
    const refused = await call('PUT', `queues/backups/${jobId}/clean`)
    equal(refused.status, 409)
    equal(await isActive(), true)
    fixture.holding.delete('shop')
  })

  it('shows its log', async () => {
    const [run] = await fixture.producer.findRuns({ plan: 'shop', limit: 1 })
    const { body } = await call('GET', `queues/backups/${run?.ref.jobId}/logs`)
    ok((body as unknown as string[]).includes('reading shop'))
  })
})

describe('a paused queue', () => {
  it('is red on the overview until it is resumed', async () => {
    const overview = async () => await (await fetch(`${fixture.board.url}/`)).text()
    const paused = /class="alert bad" role="alert">Queue <b>maintenance<\/b> is paused/
    equal((await call('PUT', 'queues/maintenance/pause')).status, 200)
    await waitFor(async () => paused.test(await overview()), { what: 'the overview to tell' })
    equal((await call('PUT', 'queues/maintenance/resume')).status, 200)
    await waitFor(async () => !paused.test(await overview()), { what: 'the overview to be well' })
  })
})

describe('metrics', () => {
  it('tell of runs, workers and schedules, and BullMQ’s follow', async () => {
    const text = await (await fetch(`${fixture.board.url}/metrics`)).text()
    const of = (name: string, labels: string) =>
      new RegExp(`^${name}\\{(?=[^}]*${labels})[^}]*\\} [1-9]`, 'm')
    match(text, of('backstream_runs_total', 'plan="media",trigger="manual",outcome="committed"'))
    match(text, of('backstream_run_duration_seconds_count', 'plan="media"'))
    match(text, of('backstream_read_bytes_total', 'plan="media"'))
    match(text, of('backstream_workers', 'queue="backups"'))
    match(text, of('backstream_plan_next_run_timestamp_seconds', 'plan="media"'))
    match(text, of('backstream_build_info', ''))
    match(text, of('bullmq_job_count', 'queue="backups"'))
    const described = text.match(/^# TYPE \S+/gm) ?? []
    equal(new Set(described).size, described.length)
  })
})
