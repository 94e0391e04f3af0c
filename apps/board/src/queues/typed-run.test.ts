import { deepEqual, equal, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { samplePlan } from '../sample-config.ts'
import { readTypedRun } from './typed-run.ts'

const plans = [samplePlan({ name: 'media', runsOn: 'nas' }), samplePlan({ name: 'shop' })]
const good = { v: 1, plan: 'shop', trigger: 'manual' }

describe('readTypedRun', () => {
  it('takes a plan by its name alone', () => {
    const run = readTypedRun({ data: { plan: 'shop' }, options: {} }, 'backups', plans)
    equal(run.plan.name, 'shop')
    equal(run.pin, false)
  })

  it('takes a pin, and a trigger for what it is: by hand', () => {
    const data = { ...good, trigger: 'schedule', pin: true }
    equal(readTypedRun({ data, options: {} }, 'backups', plans).pin, true)
  })

  it('drops every option, and says which', () => {
    const options = { jobId: 'mine', attempts: 99, delay: 1, repeat: { every: 1 }, parent: {} }
    const { dropped } = readTypedRun({ data: good, options }, 'backups', plans)
    deepEqual(dropped, ['jobId', 'attempts', 'delay', 'repeat', 'parent'])
  })

  it('refuses the job id of a schedule', () => {
    const options = { jobId: 'repeat:shop:1793000000000' }
    throws(() => readTypedRun({ data: good, options }, 'backups', plans), {
      statusCode: 400,
      message: /belongs to a schedule/,
    })
  })

  it('refuses a plan that is served by another queue, and names it', () => {
    const data = { ...good, plan: 'media' }
    throws(() => readTypedRun({ data, options: {} }, 'backups', plans), {
      statusCode: 400,
      message: /backups\.nas/,
    })
    equal(readTypedRun({ data, options: {} }, 'backups.nas', plans).plan.name, 'media')
  })

  for (const [name, data, message] of [
    ['an unknown plan', { ...good, plan: 'nowhere' }, /no plan named nowhere/],
    ['a field that is not of a run', { ...good, bucket: 'theirs' }, /bucket/],
    ['a path for a plan', { ...good, plan: '../../etc' }, /plan/],
    ['a prototype', { ...good, plan: '__proto__' }, /plan/],
    ['another version', { ...good, v: 2 }, /v/],
    ['a plan that is not text', { ...good, plan: { $ne: 1 } }, /plan/],
    ['a list', [good], /not valid/],
    ['text', 'shop', /not valid/],
    ['nothing', undefined, /not valid/],
  ] as const) {
    it(`refuses ${name}`, () => {
      throws(() => readTypedRun({ data, options: {} }, 'backups', plans), {
        code: 'refused',
        statusCode: 400,
        message,
      })
    })
  }
})
