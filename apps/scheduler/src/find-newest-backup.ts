import { listBackups } from '@backstream/backup'
import type { Config, Plan } from '@backstream/config'
import type { Clock, Logger } from '@backstream/kernel'
import { openConfiguredStorage } from '@backstream/storage-s3'

/** How many slots are read for one: most are manifests, but a plan may fail for months. */
const slots = 200
const withinMs = 60_000

/** When the newest backup of the plan was begun; null when it has none. Rejects when nobody can tell. */
export async function findNewestBackup(
  plan: Pick<Plan, 'name' | 'storage'>,
  at: {
    readonly config: Pick<Config, 'storages'>
    readonly env: Readonly<Record<string, string | undefined>>
    readonly logger: Logger
    readonly clock: Clock
  },
): Promise<number | null> {
  const { config, env, logger, clock } = at
  const storage = config.storages[plan.storage]
  if (!storage) return null
  await using opened = await openConfiguredStorage(storage, { env, logger, clock })
  const signal = AbortSignal.timeout(withinMs)
  const { backups } = await listBackups(opened, plan.name, { signal, limit: slots })
  const [newest] = backups
  return newest ? Date.parse(newest.run.startedAt) : null
}
