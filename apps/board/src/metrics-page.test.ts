import { equal, match } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ask, noQueue, producer, startSampleBoard } from './sample-board.ts'

describe('the metrics page', () => {
  it('serves its own metrics and BullMQ’s behind them', async () => {
    await using board = await startSampleBoard()
    const { body, headers } = await ask(`${board.url}/metrics`)
    match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/)
    match(body, /^backstream_build_info\{.*\} 1$/m)
    match(body, /^bullmq_job_count 1$/m)
  })

  it('serves its own metrics when Redis has none', async () => {
    const away = { ...producer, findRuns: noQueue }
    await using board = await startSampleBoard({}, { readQueues: noQueue, producer: away })
    const { status, body } = await ask(`${board.url}/metrics`)
    equal(status, 200)
    match(body, /backstream_build_info/)
  })
})
