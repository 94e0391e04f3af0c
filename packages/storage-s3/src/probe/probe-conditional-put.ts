import { isStorageError } from '@backstream/storage'
import { failure, findingOf, ok, type ProbeFinding, warning } from './finding.ts'
import type { Probe } from './probe.ts'

const rounds = 2
const contenders = 8

/** Several puts at one key at one time, under the condition that nothing is there: one may win. */
export async function probeConditionalPut(probe: Probe): Promise<ProbeFinding> {
  try {
    for (let round = 0; round < rounds; round++) {
      if (!(await isGuarded(probe, `slot-${round}`))) return describeUnguarded(probe)
    }
    return ok('conditional-put', 'the store guards conditional puts')
  } catch (error) {
    probe.signal?.throwIfAborted()
    return findingOf('conditional-put', error)
  }
}

/** A store may also send a loser away to try again; whatever else is thrown is no answer. */
async function isGuarded({ storage, signal }: Probe, key: string): Promise<boolean> {
  const results = await Promise.allSettled(
    Array.from({ length: contenders }, (_, index) =>
      storage.put(key, Buffer.from(`contender ${index}`), { ifAbsent: true, signal }),
    ),
  )
  const reasons = results.flatMap((put) => (put.status === 'rejected' ? [put.reason] : []))
  if (reasons.some((reason) => isStorageError(reason, 'unsupported'))) return false
  // Winners that overwrite each other find another's bytes at the key.
  if (reasons.some((reason) => isStorageError(reason, 'corrupt'))) return false
  const other = reasons.find((reason) => !isLost(reason))
  if (other) throw other
  return reasons.length === contenders - 1
}

function isLost(reason: unknown): boolean {
  return isStorageError(reason, 'already-exists') || isStorageError(reason, 'unavailable')
}

function describeUnguarded({ context }: Probe): ProbeFinding {
  const message = 'the store does not guard conditional puts'
  if (context.options.profile?.conditionalPut) {
    return failure(
      'conditional-put',
      `${message}, although its profile says so`,
      'Remove `conditionalPut` from the profile.',
    )
  }
  return warning(
    'conditional-put',
    `${message}: commits are guarded by Redis alone, and read back`,
    'Use a store that honours If-None-Match where you can; without versions, on some.',
  )
}
