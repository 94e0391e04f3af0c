import { deepEqual, match } from 'node:assert/strict'
import { test } from 'node:test'
import { createMetrics } from './metrics.ts'

const options = { installation: 'home', version: '1.2.3' }

test('offers the documented names, and no others', async () => {
  const text = await createMetrics(options).text()
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  )
  deepEqual(types.toSorted(), [
    'backstream_build_info gauge',
    'backstream_plan_backups gauge',
    'backstream_plan_last_drill_duration_seconds gauge',
    'backstream_plan_last_drill_timestamp_seconds gauge',
    'backstream_plan_last_run_success gauge',
    'backstream_plan_last_run_timestamp_seconds gauge',
    'backstream_plan_last_success_timestamp_seconds gauge',
    'backstream_plan_last_verified_timestamp_seconds gauge',
    'backstream_plan_next_run_timestamp_seconds gauge',
    'backstream_plan_overdue gauge',
    'backstream_plan_overdue_after_seconds gauge',
    'backstream_plan_stored_bytes gauge',
    'backstream_read_bytes_total counter',
    'backstream_run_duration_seconds histogram',
    'backstream_runs_total counter',
    'backstream_stored_bytes_total counter',
    'backstream_swept_bytes_total counter',
    'backstream_workers gauge',
  ])
})

test('labels every metric with the installation', async () => {
  const metrics = createMetrics(options)
  metrics.runs.inc({ plan: 'media', trigger: 'schedule', outcome: 'committed' })
  const text = await metrics.text()
  match(
    text,
    /^backstream_runs_total\{plan="media",trigger="schedule",outcome="committed",installation="home"\} 1$/m,
  )
  match(text, /^backstream_build_info\{version="1\.2\.3",node="[\d.]+",installation="home"\} 1$/m)
})

test('forgets plans, so that one that is gone does not stay as it was', async () => {
  const metrics = createMetrics(options)
  metrics.plan.overdue.set({ plan: 'gone' }, 0)
  metrics.plan.backups.set({ plan: 'gone', state: 'good' }, 3)
  metrics.forgetPlans()
  deepEqual((await metrics.text()).match(/plan="gone"/g), null)
})

test('two of them in one process do not meet', async () => {
  const one = createMetrics(options)
  one.workers.set({ queue: 'backups' }, 2)
  const other = await createMetrics(options).text()
  deepEqual(other.match(/queue="backups"/g), null)
})
