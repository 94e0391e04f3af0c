export {
  type AgeIdentity,
  createAgeKey,
  type IndexEntry,
  parseAgeIdentities,
} from '@backstream/archive'
export {
  type BackupGlance,
  type GlanceMemory,
  type GlanceOptions,
  type PlanGlances,
  readGlances,
} from './backup-glance.ts'
export type {
  BackupDeps,
  BackupPlan,
  BackupRequest,
  RunGuard,
  RunObserver,
} from './backup-request.ts'
export {
  type BackupMemory,
  createBackupMemory,
  type ListBackupsOptions,
  listBackups,
  listPlans,
  type PlanBackups,
  type RememberedSlot,
} from './catalogue.ts'
export {
  type CleanUpOptions,
  type CleanUpReport,
  cleanUpAttempt,
  defaultSweepGraceMs,
} from './clean-up.ts'
export {
  type DrillCheck,
  type DrillReport,
  type DrillRequest,
  drillBackup,
} from './drill-backup.ts'
export type { DrillChecks } from './drill-checks.ts'
export { BackupError, type BackupErrorCode } from './errors.ts'
export { type ExtractReport, emptyReport } from './extract-report.ts'
export type { GlanceCache } from './glance-cache.ts'
export { type HeldPrune, heldPrune, retentionBackupOf } from './held-prune.ts'
export { attemptOfKey, slotKey } from './layout.ts'
export {
  type LegacyArchive,
  listLegacyArchives,
  pickLegacyArchive,
  restoreLegacyArchive,
} from './legacy-archives.ts'
export { type LockReport, type LockRequest, lockBackup } from './lock-backup.ts'
export { type Manifest, type ManifestArchive, parseSlot, type SlotContent } from './manifest.ts'
export { contentBytesOf, storedBytesOf } from './manifest-sizes.ts'
export { type Mark, markBackup, marks } from './mark-backup.ts'
export {
  isAccepted,
  isPinned,
  listNotes,
  type Note,
  type NoteKind,
  type NoteRef,
  parseNoteKey,
  readNote,
  type WriteNoteRequest,
  writeNote,
} from './notes.ts'
export { type IndexLoss, type OpenedBackup, type OpenOptions, openBackup } from './open-backup.ts'
export { type Overwrite, overwrites } from './overwrite.ts'
export { readOwner } from './owner-mark.ts'
export {
  type Alarm,
  type AlarmDecision,
  decideAlarms,
  recoveryByBackup,
  suspectId,
  suspicionOf,
  type Told,
} from './plan-alarms.ts'
export { type PlanReport, planReport, type ReportedRun } from './plan-report.ts'
export {
  compareStatus,
  type LastRun,
  type NewestBackup,
  needsAttention,
  type PlanState,
  type PlanStatus,
  type PlanStatusInput,
  type Proof,
  planStates,
  planStatus,
} from './plan-status.ts'
export type { BackupPhase, BackupProgress } from './progress-meter.ts'
export type { UndoneProof } from './proof-alarms.ts'
export {
  type PruneBlock,
  type PruneReport,
  type PruneRequest,
  pruneBlocksOf,
  prunePlan,
} from './prune-plan.ts'
export { RateMeter } from './rate-meter.ts'
export { type ReadArchiveOptions, readArchive } from './read-archive.ts'
export { readEvidence } from './read-evidence.ts'
export { type DayMark, type RecentDay, recentDays } from './recent-days.ts'
export { type DrillFact, recordDrill } from './record-drill.ts'
export { recordVerification } from './record-verification.ts'
export type { ReportDay } from './report-days.ts'
export { type ResolvedRef, resolveRef } from './resolve-ref.ts'
export {
  carryOutRestore,
  notRestored,
  planRestore,
  type RestoreOrder,
  type RestorePlan,
  type RestoreStep,
} from './restore.ts'
export { type RestoreProgress, type RestoreRequest, restoreBackup } from './restore-backup.ts'
export { type GuideSubject, renderRestoreGuide } from './restore-guide.ts'
export { preflightRestore } from './restore-preflight.ts'
export {
  findStreams,
  type RestoreStreamsRequest,
  restoreStreams,
  type StoredStream,
} from './restore-streams.ts'
export {
  applyRetention,
  type RetentionBackup,
  type RetentionPolicy,
  type RetentionVerdict,
} from './retention.ts'
export { runBackup } from './run-backup.ts'
export type { Hook, RunHooks } from './run-hooks.ts'
export { makeScratchPlace, type ScratchPlace } from './scratch-place.ts'
export { entryAt } from './select-entries.ts'
export { readManifest, type VoidRequest } from './slot.ts'
export {
  type BackupStanding,
  type PlanStandings,
  readStanding,
  readStandings,
  type VerifiedFact,
} from './standing.ts'
export { sweepStorage } from './sweep.ts'
export type {
  SweepDeps,
  SweepReport,
  SweepRequest,
  SweepWitness,
  SweptAttempt,
} from './sweep-request.ts'
export { undoPrune } from './undo-prune.ts'
export { listUnknownPlans } from './unknown-plans.ts'
export {
  bytesToVerify,
  type VerifyReport,
  type VerifyRequest,
  verifyBackup,
} from './verify-backup.ts'
