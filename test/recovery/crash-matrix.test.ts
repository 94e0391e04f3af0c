/**
 * Some cells of the crash matrix: one for each kind of blow, where it hurts most. All of them run by
 * `npm run test:recovery`.
 */
import { deepEqual, ok } from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { allCells, cellName, type Lane, openLane } from './cells.ts'

const chosen = [
  'mid-stream × SIGKILL worker',
  'after complete × SIGKILL worker',
  'before completed × SIGKILL worker',
  'before manifest × SIGKILL, its request arrives later',
  'mid-stream × SIGTERM worker',
  'before manifest × SIGSTOP past the lock, SIGCONT',
  'during clean-up × SIGKILL worker',
  'before complete × Redis killed, restarted',
  'before manifest × cut off from Redis',
  'mid-stream × FLUSHALL',
  'before manifest × store: does it, answers 500',
  'mid-stream × source killed',
]

describe('a run that is struck leaves what the reliability page promises', {
  concurrency: 2,
}, () => {
  let lanes: Lane[] = []
  before(async () => {
    lanes = await Promise.all([1, 2, 3].map(() => openLane(chosen.length)))
  })
  after(async () => {
    await Promise.all(lanes.map((lane) => lane[Symbol.asyncDispose]()))
  })

  for (const name of chosen) {
    it(name, async () => {
      const cell = allCells().find((one) => cellName(one) === name)
      ok(cell, 'there is no such cell')
      const lane = lanes.pop()
      ok(lane, 'more tests at a time than lanes')
      try {
        const { problems } = await lane.run(cell)
        deepEqual(problems, [], lane.logs())
      } finally {
        lanes.push(lane)
      }
    })
  }
})
