export type { ActiveBackupRun, ActiveRun, Processors } from './active-run.ts'
export {
  type AlarmMemory,
  openAlarmMemory,
  readPlansSeen,
  type ToldTrouble,
} from './alarm-memory.ts'
export type { ScheduledPlan } from './arm-schedule.ts'
export {
  type AddJobRequest,
  type BoardQueue,
  openBoardQueues,
  sanitizeAddJob,
} from './board-queues.ts'
export { type CatalogueCache, openCatalogueCache } from './catalogue-cache.ts'
export type { FailedProof } from './failed-proof.ts'
export {
  type FailedRun,
  type FailedRunListener,
  type FailedRunOptions,
  onRunFailed,
} from './failed-runs.ts'
export type { RunFilter } from './find-runs.ts'
export { inspectRedis, type RedisFinding } from './inspect-redis.ts'
export type { Backoff, PlanRef } from './job-options.ts'
export {
  acquireLease,
  type Lease,
  type LeaseHolder,
  leaseHolder,
} from './lease.ts'
export { isRunId, type LedgerRecord, ledgerRunId, type RecordedAttempt } from './ledger-record.ts'
export {
  acquireLimits,
  type HeldLimits,
  type LimitsRequest,
  limitsOwner,
  type NoRoom,
} from './limits.ts'
export { type ListedSchedule, listSchedules } from './list-schedules.ts'
export { isWorthCatchingUp } from './missed-run.ts'
export { openConfiguredQueue } from './open-configured-queue.ts'
export { openQueueConnection, type QueueConnection, type QueueOptions } from './open-connection.ts'
export { type CatchUpRequest, type CatchUpStep, catchUpOwed } from './owed-catch-ups.ts'
export {
  type Announced,
  announce,
  livePresences,
  type Presence,
  type PresenceFacts,
  type PresenceRole,
} from './presence.ts'
export { openProofMemory, type ProofMemory } from './proof-memory.ts'
export { QueueError, type QueueErrorCode } from './queue-error.ts'
export { type QueueCounts, type QueueMetrics, queueMetrics } from './queue-metrics.ts'
export { queueNamesOf } from './queue-names.ts'
export {
  type ReconcileRequest,
  type ReconcileStep,
  reconcileSchedules,
} from './reconcile-schedules.ts'
export type { RedisAddress } from './redis-options.ts'
export { RunBell } from './run-bell.ts'
export { openRunHistory, type RunHistory, type RunsNow } from './run-history.ts'
export { type RunLedger, readLedger } from './run-ledger.ts'
export {
  type ConnectedWorker,
  createRunProducer,
  type EnqueueRunRequest,
  notificationRef,
  type RunProducer,
} from './run-producer.ts'
export type { RunRef, RunState, RunSummary } from './run-summary.ts'
export { createRunWorker, type RunWorker } from './run-worker.ts'
export type { RunWorkerOptions } from './serving.ts'
export { sharedKey } from './shared-key.ts'
export { openSweepWitness, type SweepWitness } from './sweep-witness.ts'
export { takeTurn } from './take-turn.ts'
export { armedId, type EnqueueUpkeep, type UpkeepJob, type UpkeepName } from './upkeep.ts'
export type { RunEvent, WatchOptions } from './watch-run.ts'
