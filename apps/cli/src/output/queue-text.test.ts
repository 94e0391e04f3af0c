import { equal } from 'node:assert/strict'
import { it } from 'node:test'
import { queueTroubles } from './queue-text.ts'

const well = {
  queue: 'backups',
  isPaused: false,
  workers: 1,
  active: 0,
  waiting: 3,
  failed: 0,
  delayed: 0,
  completed: 0,
}

it('names queues from which nothing starts, and no others', () => {
  equal(queueTroubles([well, { ...well, workers: 0, waiting: 0 }]), '')
  equal(
    queueTroubles([
      { ...well, queue: 'backups.nas', workers: 0 },
      { ...well, isPaused: true },
    ]),
    'The queue backups.nas has no worker: 3 runs wait.\n' +
      'The queue backups is paused: none of its runs start until it is resumed.\n',
  )
})
