import type { AgeIdentity, RunHooks } from '@backstream/backup'
import type { Config, Plan, SecretRef, StorageConfig } from '@backstream/config'
import type { Clock, Logger } from '@backstream/kernel'
import type { QueueConnection, RunProducer } from '@backstream/queue'
import type { Tracing } from '@backstream/runtime/tracing'
import type { Source } from '@backstream/sources'
import type { Storage } from '@backstream/storage'
import type { ConfiguredStorage } from '@backstream/storage-s3'
import type { RunTeller } from './tell-of-run.ts'

/** What the processors of one worker share. */
export interface WorkerContext {
  readonly config: Config
  readonly workerName: string
  readonly host: string
  readonly tool: { readonly name: string; readonly version: string }
  readonly clock: Clock
  readonly logger: Logger
  readonly connection: QueueConnection
  readonly producer: RunProducer
  planNamed(name: string): Plan
  readonly leaseTtlMs: number
  openStorage(plan: Plan): Promise<Storage & AsyncDisposable>
  /** With the credentials of `maintenance` where there are any: they may remove things. */
  openMaintenance(storage: string): Promise<ConfiguredStorage>
  /** The private keys that the configuration names, read now and not kept. */
  readIdentities(ref: SecretRef): Promise<readonly AgeIdentity[]>
  openSources(plan: Plan): Promise<readonly Source[]>
  hooksOf(plan: Plan): RunHooks | null
  readonly teller: RunTeller
  /** Null where no collector is configured. */
  readonly tracing: Tracing | null
  resolveSecret(ref: SecretRef): Promise<string>
  /** What commands inherit from; the environment that secret references read. */
  readonly environment: Readonly<Record<string, string | undefined>>
  storeOf(storage: string): Pick<StorageConfig, 'storageClass'> & { readonly sse: string | null }
}
