import { listPlans } from '@backstream/backup'
import type { Config, StorageConfig } from '@backstream/config'
import type { Storage } from '@backstream/storage'
import type { ConfiguredStorage } from '@backstream/storage-s3'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'

export type OpenStorage = Storage & AsyncDisposable

export async function openStorage(
  session: Session,
  storage: StorageConfig,
): Promise<ConfiguredStorage> {
  const { openConfiguredStorage } = await import('@backstream/storage-s3')
  const { settings, logger, clock } = session
  return await openConfiguredStorage(storage, { env: settings.env, logger, clock })
}

/** With the credentials that may remove things, where there are any. */
export async function openMaintenanceStorage(
  session: Session,
  storage: StorageConfig,
): Promise<ConfiguredStorage> {
  const credentials = storage.maintenance?.credentials ?? storage.credentials
  return await openStorage(session, { ...storage, credentials })
}

/** The storage a plan's backups lie in; also for a plan the configuration no longer has. */
export async function openStorageOfPlan(session: Session, plan: string): Promise<OpenStorage> {
  const config = await session.config()
  const configured = config.plans.find(({ name }) => name === plan)
  if (configured) return await openStorage(session, storageNamed(config, configured.storage))
  for (const storageConfig of Object.values(config.storages)) {
    const storage = await openStorage(session, storageConfig)
    if ((await listPlans(storage, session.interruption())).includes(plan)) return storage
    await storage[Symbol.asyncDispose]()
  }
  const known = config.plans.map(({ name }) => name).join(', ')
  throw new CliError('no-such-plan', `There is no plan ${plan}, nor backups of one`, {
    remedy: `The plans of ${config.file} are: ${known}.`,
  })
}

export function storageNamed(config: Config, name: string): StorageConfig {
  const storage = config.storages[name]
  // Loading checks that every plan's storage exists.
  if (!storage) throw new Error(`no storage ${name}`)
  return storage
}

/** `--from`: a storage without configuration, reached as the AWS variables say. */
export function storageFromEnvironment(
  address: { readonly bucket: string; readonly prefix: string },
  env: Session['env'],
): StorageConfig {
  const endpoint = env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL'] || null
  return {
    name: 'from',
    kind: 's3',
    ...address,
    region: env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || null,
    endpoint,
    pathStyle: endpoint !== null,
    credentials: null,
    maintenance: null,
    storageClass: null,
    sse: null,
    tags: {},
    lock: null,
    caFile: env['AWS_CA_BUNDLE'] || null,
    proxy: null,
    bandwidthBytesPerSecond: null,
    maxRuns: null,
    profile: null,
  }
}
