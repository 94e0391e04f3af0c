import type { PackedArchive } from '@backstream/archive'
import type { Clock, Logger } from '@backstream/kernel'
import type { Source, SourceReading } from '@backstream/sources'
import type { Storage, StoredObject } from '@backstream/storage'
import type { Manifest } from './manifest.ts'
import type { BackupPhase, BackupProgress } from './progress-meter.ts'
import type { RunHooks } from './run-hooks.ts'
import type { SuspicionRules } from './suspicion.ts'

export interface BackupDeps {
  readonly storage: Storage
  readonly sources: readonly Source[]
  readonly guard: RunGuard
  readonly hooks?: RunHooks | null
  readonly clock: Clock
  readonly logger: Logger
}

/** Who may commit. The queue answers with its lease and fence; a run without a queue with its own. */
export interface RunGuard {
  /** Writes down, before the first byte is sent, that this run is about to make `backup`. */
  recordAttempt(backup: string): Promise<void>
  /** A number higher than every fence drawn for the plan before, and than `floor`. */
  drawFence(floor: number): Promise<number>
  /** Rejects when the lease is lost or a higher fence was drawn. Asked right before the manifest. */
  assertMayCommit(fence: number): Promise<void>
}

export interface BackupRequest {
  readonly installation: string
  readonly plan: BackupPlan
  readonly trigger: 'schedule' | 'manual' | 'catchup'
  readonly run: {
    readonly id: string
    readonly attempt: number
    readonly worker: string
    readonly host: string
    readonly scheduledForMs: number | null
  }
  readonly tool: { readonly name: string; readonly version: string }
  readonly store: { readonly storageClass: string | null; readonly sse: string | null }
  readonly signal: AbortSignal
  /** Retention never removes the backup of this run. */
  readonly isPinned?: boolean
  /** A step worth a line in the run's log. */
  readonly onStep?: (line: string) => void
  readonly observer?: RunObserver | null
  /** Asked for once a second by whoever shows progress. */
  readonly onMeter?: (look: () => BackupProgress) => void
  /** The attempt's own clean-up failed: someone must call `cleanUpAttempt` for it later. */
  readonly onCleanUpFailed?: (backup: string, error: unknown) => Promise<void>
}

/** Hears when the stages and the parts of an attempt begin and end. Must not throw. */
export interface RunObserver {
  /** One begins, and the one before it has ended. */
  onPhase(phase: BackupPhase): void
  /** A part is about to be sent; what is returned is called when it is stored. */
  onPart(part: ObservedPart): () => void
}

export interface ObservedPart {
  /** Of the object, relative to the storage's prefix. */
  readonly key: string
  readonly number: number
  readonly bytes: number
}

export interface BackupPlan extends SuspicionRules {
  readonly name: string
  readonly compression: { readonly algorithm: 'zstd' | 'gzip' | 'none'; readonly level: number }
  /** Frames compressed at a time; null: as many as there are cores. */
  readonly cpus: number | null
  readonly idleTimeout: { readonly sourceMs: number }
  /** Age recipients, `age1…`, at least one; null: what is stored anyone can read who can read it. */
  readonly encryption: { readonly recipients: readonly string[] } | null
}

/** What streaming leaves: everything but the guide and the manifest. */
export interface StoredArchive {
  readonly packed: PackedArchive
  readonly readings: readonly { readonly source: Source; readonly reading: SourceReading }[]
  readonly volumes: readonly StoredObject[]
  readonly index: StoredObject
  readonly encryption: Manifest['encryption']
}
