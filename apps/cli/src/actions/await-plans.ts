import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '@backstream/config'
import { describeError } from '@backstream/kernel'
import type { Session } from '../command-context.ts'

const lookEveryMs = 2_000

/**
 * Looks at a configuration that has no plan yet until it has one; null when the signal is aborted
 * before. What is wrong with it meanwhile is told once, and a file that has become another one is
 * looked at twice: an editor may be writing it.
 */
export async function awaitPlans(session: Session, signal: AbortSignal): Promise<Config | null> {
  let seen: string | undefined
  let told: string | undefined
  while (await pause(signal)) {
    try {
      const config = await session.config()
      if (config.plans.length > 0 && config.fingerprint === seen) return config
      seen = config.fingerprint
      told = undefined
    } catch (error) {
      const cause = describeError(error)
      if (cause !== told) session.logger.error({ err: error }, `no plan can start yet: ${cause}`)
      told = cause
    }
  }
  return null
}

async function pause(signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(lookEveryMs, undefined, { signal })
    return true
  } catch {
    // Told to stop, which is all that a pause can be interrupted by.
    return false
  }
}
