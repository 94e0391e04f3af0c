import type { Config } from '@backstream/config'
import { describeError, type Logger } from '@backstream/kernel'

/**
 * The configuration as it is now; null when it says what it said before, or cannot take its place. The
 * log says which. Never rejects.
 */
export async function readChangedConfig(
  from: { reload(): Promise<Config>; readonly logger: Logger },
  before: Config,
): Promise<Config | null> {
  const { reload, logger } = from
  try {
    const config = await reload()
    if (config.fingerprint === before.fingerprint) {
      logger.info({ file: config.file }, 'the configuration was read again and says the same')
      return null
    }
    // The connection, and all that this process has said of itself, are where it began.
    if (!isSameInstallation(config, before)) {
      throw new Error('`name` or `redis` has changed: restart the scheduler')
    }
    logger.info({ file: config.file, plans: config.plans.length }, 'took the new configuration')
    return config
  } catch (error) {
    logger.error({ err: error }, `the old configuration stays: ${describeError(error)}`)
    return null
  }
}

function isSameInstallation(a: Config, b: Config): boolean {
  return a.name === b.name && JSON.stringify(a.redis) === JSON.stringify(b.redis)
}
