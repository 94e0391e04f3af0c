/**
 * The configuration as the rest of the code sees it: defaults merged, `each` expanded, units in
 * bytes and milliseconds, names checked. Secrets stay references until `resolveSecret` reads them.
 */
export interface Config {
  readonly name: string
  readonly redis: RedisConfig
  readonly board: BoardConfig
  readonly notify: Readonly<Record<string, NotifyConfig>>
  readonly heartbeat: { readonly url: SecretRef; readonly everyMs: number } | null
  readonly telemetry: TelemetryConfig | null
  readonly limits: Readonly<Record<string, number>>
  readonly storages: Readonly<Record<string, StorageConfig>>
  /** In the order of the file. */
  readonly plans: readonly Plan[]
  readonly retired: readonly string[]
  /** SHA-256 hex of the configuration's meaning; two schedulers with equal ones agree. */
  readonly fingerprint: string
  /** The file it came from, `-` for standard input. */
  readonly file: string
}

/** Where traces of runs are sent, as OTLP over HTTP. */
export interface TelemetryConfig {
  /** Of the collector; `/v1/traces` is added. */
  readonly url: string
  readonly headers: Readonly<Record<string, SecretRef>>
}

/** A secret by reference, or (only where `${NAME}` was expanded) its text. Read at use, never kept. */
export type SecretRef =
  | { readonly env: string }
  | { readonly file: string }
  | { readonly value: string }

export interface RedisConfig {
  readonly url: SecretRef | null
  readonly username: string | null
  readonly password: SecretRef | null
  readonly tls: boolean | { readonly caFile?: string }
  readonly sentinels: {
    readonly name: string
    readonly nodes: readonly { readonly host: string; readonly port: number }[]
  } | null
}

export interface BoardConfig {
  readonly host: string
  readonly port: number
  /** The address people use, when it differs: its host is the one requests may name. */
  readonly url: string | null
  readonly basePath: string
  readonly trustedProxies: readonly string[]
  readonly users: Readonly<Record<string, BoardUser>>
  readonly oidc: OidcConfig | null
  /** The largest file that may be downloaded out of a backup; null: none may. */
  readonly downloadMaxBytes: number | null
}
export interface OidcConfig {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: SecretRef | null
  /** By group of the identity provider; `*` is everybody it knows. */
  readonly roles: Readonly<Record<string, BoardUser['role']>>
}
export interface BoardUser {
  readonly role: 'viewer' | 'operator'
  readonly password: SecretRef
}

/** What somebody can be told of. */
export type NotifyEvent =
  | 'failed'
  | 'overdue'
  | 'suspect'
  | 'verify-failed'
  | 'drill-failed'
  | 'prune-held'
  | 'unknown-plan'
  | 'recovered'
  | 'succeeded'

export type NotifyConfig = PingConfig | WebhookConfig | NotifyCommandConfig | MailConfig
interface NotifyConfigBase {
  readonly on: readonly NotifyEvent[]
}
export interface PingConfig extends NotifyConfigBase {
  readonly kind: 'ping'
  readonly url: SecretRef
}
export interface WebhookConfig extends NotifyConfigBase {
  readonly kind: 'webhook'
  readonly url: SecretRef
  readonly headers: Readonly<Record<string, SecretRef>>
}
export interface NotifyCommandConfig extends NotifyConfigBase {
  readonly kind: 'command'
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, SecretRef>>
}
export interface MailConfig extends NotifyConfigBase {
  readonly kind: 'mail'
  readonly from: string
  readonly to: readonly string[]
  readonly smtp: {
    readonly host: string
    readonly port: number | null
    readonly user: string | null
    readonly password: SecretRef | null
    /** TLS from the first byte on; else it is begun when the server offers it. */
    readonly tls: boolean
  }
}

export interface StorageConfig {
  readonly name: string
  readonly kind: 's3'
  readonly bucket: string
  /** Without slashes at its ends; '' for the bucket's root. */
  readonly prefix: string
  readonly region: string | null
  readonly endpoint: string | null
  readonly pathStyle: boolean
  readonly credentials: StorageCredentials | null
  readonly maintenance: { readonly credentials: StorageCredentials } | null
  readonly storageClass: string | null
  readonly sse:
    | { readonly kind: 'AES256' }
    | { readonly kind: 'kms'; readonly keyId: string }
    | null
  readonly tags: Readonly<Record<string, string>>
  readonly lock: { readonly mode: 'governance' | 'compliance'; readonly forMs: number } | null
  readonly caFile: string | null
  readonly proxy: string | null
  readonly bandwidthBytesPerSecond: number | null
  readonly maxRuns: number | null
  readonly profile: StorageProfileConfig | null
}
export interface StorageCredentials {
  readonly accessKeyId: SecretRef
  readonly secretAccessKey: SecretRef
  readonly sessionToken: SecretRef | null
}
/** Provider limits; probed or taken from built-in knowledge when absent. */
export interface StorageProfileConfig {
  readonly maxParts?: number
  readonly partBytes?: number
  readonly conditionalPut?: boolean
  readonly checksums?: boolean
  readonly md5Etags?: boolean
}

export interface Plan {
  readonly name: string
  readonly enabled: boolean
  readonly sources: readonly SourceConfig[]
  /** Name of a storage of this configuration. */
  readonly storage: string
  readonly schedule: Schedule | null
  /** A worker's name, `any`, or null when not said. */
  readonly runsOn: string | null
  /** True when a source belongs to one machine (directory, sqlite, command, without `via`). */
  readonly isLocal: boolean
  readonly overdueAfterMs: number | null
  readonly overlap: 'skip' | 'wait'
  /** How old a missed run may be to be caught up on; null: never; Infinity: always. */
  readonly catchUpMs: number | null
  readonly attempts: number
  readonly backoff: { readonly delayMs: number; readonly factor: number; readonly maxMs: number }
  readonly timeoutMs: number | null
  readonly idleTimeout: { readonly sourceMs: number; readonly storeMs: number }
  readonly compression: {
    readonly algorithm: 'zstd' | 'gzip' | 'none'
    readonly level: number
  }
  readonly cpus: number | null
  readonly encryption: { readonly recipients: readonly string[] } | null
  readonly retention: RetentionConfig | null
  readonly minSizeBytes: number | null
  readonly shrinkPercent: number | null
  readonly verify: VerifyConfig | null
  readonly drill: DrillConfig | null
  readonly hooks: HooksConfig | null
  readonly limits: readonly string[]
  readonly notify: readonly string[]
}

export type Schedule = CronSchedule | EverySchedule
export interface CronSchedule {
  readonly kind: 'cron'
  readonly pattern: string
  readonly timezone: string
  readonly jitterMs: number
}
/** Counts from 00:00 UTC plus a stable offset that follows from the plan's name. */
export interface EverySchedule {
  readonly kind: 'every'
  readonly everyMs: number
  readonly jitterMs: number
}

export interface RetentionConfig {
  readonly keepLast?: number
  readonly keepHourly?: number
  readonly keepDaily?: number
  readonly keepWeekly?: number
  readonly keepMonthly?: number
  readonly keepYearly?: number
  readonly keepWithinMs?: number
  readonly graceMs: number
  readonly timezone: string
}

/** Regular verification. Without `identity` an encrypted backup is compared, not opened. */
export interface VerifyConfig extends KeyHolder {
  readonly everyMs: number | null
  readonly deepMs: number | null
}

/** Which worker does it, and the private key that only this one has. */
interface KeyHolder {
  /** A worker's name; null: any that serves `maintenance`. Never null where there is an identity. */
  readonly runsOn: string | null
  readonly identity: SecretRef | null
}

/** Regular rehearsal of a restore. */
export interface DrillConfig extends KeyHolder {
  readonly schedule: Schedule
  /** Where scratch places are made; null: the temporary directory of the machine. */
  readonly to: string | null
  /** Where dumps of databases are restored into and counted; null: they are restored as files. */
  readonly into: DrillServer | null
  readonly checks: DrillChecks
}
/** A server that is started for it and ended again, or one that is there. */
export type DrillServer =
  | 'throwaway'
  | { readonly uri: SecretRef; readonly password: SecretRef | null }

export interface DrillChecks {
  /** Paths as they stand in the archive. */
  readonly present: readonly string[]
  readonly minFiles: number | null
  readonly sampleFiles: number
  readonly command: { readonly argv: readonly string[]; readonly timeoutMs: number } | null
}

/** Commands around the reading of the sources. */
export interface HooksConfig {
  readonly before: HookConfig | null
  readonly after: HookConfig | null
}
export interface HookConfig {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, SecretRef>>
  readonly via: ViaConfig | null
  readonly timeoutMs: number
}

export type SourceConfig = DirectorySourceConfig | CommandSourceConfig | DatabaseSourceConfig
interface SourceConfigBase {
  /** Path in the archive; '' when the plan has a single `source`. */
  readonly at: string
  /** Where its commands run; null: on the machine of the worker. */
  readonly via: ViaConfig | null
}
export type ViaConfig =
  | KubernetesViaConfig
  | { readonly way: 'docker'; readonly container: string; readonly pickAny: boolean }
  | {
      readonly way: 'compose'
      readonly project: string
      readonly service: string
      readonly pickAny: boolean
    }
  | { readonly way: 'ssh'; readonly host: string }
export interface KubernetesViaConfig {
  readonly way: 'kubernetes'
  readonly context: string | null
  readonly namespace: string | null
  /** Exactly one of workload, selector and pod is not null. */
  readonly workload: string | null
  readonly selector: string | null
  readonly pod: string | null
  readonly container: string | null
  /** How long a pod that is not ready yet is waited for. */
  readonly waitForMs: number
  readonly pickAny: boolean
}
export interface DirectorySourceConfig extends SourceConfigBase {
  readonly kind: 'directory'
  readonly path: string
  readonly exclude: readonly string[]
  readonly include: readonly string[]
  readonly excludeFile: string | null
  readonly excludeCaches: boolean
  readonly excludeIfPresent: readonly string[]
  readonly excludeLargerThanBytes: number | null
  readonly oneFileSystem: boolean
  readonly onUnreadable: 'error' | 'skip'
  readonly allowEmpty: boolean
}
export interface CommandSourceConfig extends SourceConfigBase {
  readonly kind: 'command'
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, SecretRef>>
  readonly expect: { readonly trailer: string | null; readonly minSizeBytes: number | null }
  readonly restore: readonly string[] | null
  readonly cwd: string | null
  /** Under which name the stream lies in the archive when `at` is ''. */
  readonly streamName: string
}
export type DatabaseSourceConfig = ServerSourceConfig | SqliteSourceConfig
/** Without `uri` and `host` the client finds its server itself: beside it, through `via`. */
export interface ServerSourceConfig extends SourceConfigBase {
  readonly kind: 'postgres' | 'mysql' | 'mariadb' | 'mongodb' | 'redis'
  readonly uri: SecretRef | null
  readonly host: string | null
  readonly port: number | null
  readonly user: string | null
  readonly password: SecretRef | null
  /** Names and patterns; null: the one that `uri` names, else all. */
  readonly databases: readonly string[] | null
  /** physical: the data files of the whole server (postgres only). */
  readonly format: 'logical' | 'physical'
  /** Under which name it lies in the archive when `at` is ''. */
  readonly streamName: string
}
export interface SqliteSourceConfig extends SourceConfigBase {
  readonly kind: 'sqlite'
  readonly path: string
  /** Under which name it lies in the archive when `at` is ''. */
  readonly streamName: string
}
