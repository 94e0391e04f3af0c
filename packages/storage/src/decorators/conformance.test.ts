import { silentLogger } from '@backstream/kernel'
import { describeStorage } from '../conformance/index.ts'
import { createPace } from '../create-pace.ts'
import type { StorageErrorCode } from '../errors.ts'
import { createMemoryStorage } from '../memory-storage.ts'
import type { Storage } from '../storage.ts'
import { type Fault, type FaultyMethod, faulty } from './faulty.ts'
import { logging } from './logging.ts'
import { pacing } from './pacing.ts'
import { retrying } from './retrying.ts'

const traits = {
  versioned: true,
  conditionalPut: true,
  checks: { whole: 'md5', parts: 'md5' },
} as const
const noSleep = { sleep: async () => {}, logger: silentLogger }

describeStorage(
  'retrying',
  wrap((inner) => retrying(inner, noSleep)),
  traits,
)
describeStorage(
  'logging',
  wrap((inner) => logging(inner, { logger: silentLogger })),
  traits,
)
describeStorage(
  'pacing',
  wrap((inner) => pacing(inner, createPace(1e9))),
  traits,
)
describeStorage(
  'faulty without faults',
  wrap((inner) => faulty(inner, { faults: [] })),
  traits,
)
describeStorage(
  'retrying over a store whose every second answer is lost',
  async () => ({
    storage: retrying(loseEverySecondAnswer(createMemoryStorage({ maxParts: 3 })), noSleep),
    [Symbol.asyncDispose]: async () => {},
  }),
  { ...traits, versioned: false },
)

function wrap(decorate: (inner: Storage) => Storage) {
  return async () => ({
    storage: decorate(createMemoryStorage({ versioned: true, maxParts: 3 })),
    [Symbol.asyncDispose]: async () => {},
  })
}

function loseEverySecondAnswer(inner: Storage): Storage {
  const everySecond = Array.from({ length: 200 }, (_, index) => 2 * index + 2)
  const listings = ['list', 'listLevel', 'listVersions', 'listUploads', 'listParts'] as const
  const reads = ['head', 'get', ...listings] as const
  const writes = ['put', 'delete', 'abortUpload'] as const
  const fault = (on: FaultyMethod, fail: StorageErrorCode) =>
    everySecond.map((nth): Fault => ({ on, nth, fail, when: 'after' }))
  return faulty(inner, {
    faults: [
      ...reads.flatMap((on) => fault(on, 'timeout')),
      ...writes.flatMap((on) => fault(on, 'unknown-outcome')),
    ],
  })
}
