import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sanitizeAddJob } from './board-queues.ts'

const media = {
  name: 'media',
  runsOn: null,
  attempts: 5,
  backoff: { delayMs: 1, factor: 1, maxMs: 1 },
}
const data = { v: 1, plan: 'media', trigger: 'schedule' }

describe('a job that somebody typed', () => {
  it('becomes a run by hand, with the options of its plan', () => {
    const { payload, options } = sanitizeAddJob({ queue: 'backups', name: 'backup.run', data }, [
      media,
    ])
    assert.deepEqual(payload, { v: 1, plan: 'media', trigger: 'manual' })
    assert.equal(options.attempts, 5)
    assert.equal(options.jobId, undefined)
  })

  it('is refused when it is anything else', () => {
    const add = (job: Partial<Parameters<typeof sanitizeAddJob>[0]>) => () =>
      sanitizeAddJob({ queue: 'backups', name: 'backup.run', data, ...job }, [media])
    const refused = { name: 'QueueError', permanent: true }
    assert.throws(add({ name: 'rm -rf /' }), refused)
    assert.throws(add({ name: 'toString' }), refused)
    assert.throws(add({ name: 'backup.cleanup', data: { v: 1, plan: 'media' } }), refused)
    assert.throws(add({ queue: 'backups.nas' }), refused)
    assert.throws(add({ data: { ...data, plan: 'other' } }), refused)
    assert.throws(add({ data: { ...data, bucket: 'mine' } }), refused)
    assert.throws(add({ data: null }), refused)
    assert.throws(add({ data: '/etc' }), refused)
  })
})
