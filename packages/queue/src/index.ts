export type { ActiveRun, Processors } from './active-run.ts'
export { type AlarmMemory, openAlarmMemory, type ToldTrouble } from './alarm-memory.ts'
export type { ScheduledPlan } from './arm-schedule.ts'
export { type AttemptLedger, ledgerRunId, openAttemptLedger } from './attempt-ledger.ts'
export {
  type AddJobRequest,
  type BoardQueue,
  openBoardQueues,
  sanitizeAddJob,
} from './board-queues.ts'
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
  drawFence,
  type Lease,
  type LeaseHolder,
  type LeaseRequest,
  leaseHolder,
  mayCommit,
} from './lease.ts'
export { type ListedSchedule, listSchedules } from './list-schedules.ts'
export { openConfiguredQueue } from './open-configured-queue.ts'
export { openQueueConnection, type QueueConnection, type QueueOptions } from './open-connection.ts'
export {
  type Announced,
  announce,
  livePresences,
  type Presence,
  type PresenceFacts,
  type PresenceRole,
} from './presence.ts'
export { QueueError, type QueueErrorCode } from './queue-error.ts'
export { type QueueCounts, type QueueMetrics, queueMetrics } from './queue-metrics.ts'
export { queueNamesOf } from './queue-names.ts'
export {
  type ReconcileRequest,
  type ReconcileStep,
  reconcileSchedules,
} from './reconcile-schedules.ts'
export type { RedisAddress } from './redis-options.ts'
export type { RunWorkerOptions } from './run-job.ts'
export {
  type ConnectedWorker,
  createRunProducer,
  type EnqueueRunRequest,
  notificationRef,
  type RunProducer,
} from './run-producer.ts'
export type { RunRef, RunState, RunSummary } from './run-summary.ts'
export { createRunWorker, type RunWorker } from './run-worker.ts'
export { takeTurn } from './take-turn.ts'
export type { RunEvent, WatchOptions } from './watch-run.ts'
