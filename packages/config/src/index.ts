export type { ParseOptions } from './build-context.ts'
export { ConfigError, type ConfigErrorCode, invalidConfig } from './config-error.ts'
export {
  choosePlanName,
  type InitialConfig,
  type InitialDatabase,
  renderInitialConfig,
} from './initial-config.ts'
export { type ConfigText, type LoadOptions, loadConfig, readConfig } from './load-config.ts'
export type * from './model.ts'
export { type ConfigResult, parseConfig } from './parse-config.ts'
export { type ConfigProblem, formatProblems } from './problem-report.ts'
export { resolveSecret, SecretError } from './resolve-secret.ts'
export { describeSchedule } from './schedule/describe-schedule.ts'
export { defaultOverdueAfterMs, longestGapMs } from './schedule/longest-gap.ts'
export { nextRun, nextRuns, previousRun } from './schedule/next-run.ts'
export { decodeSchedule, encodeSchedule } from './schedule/schedule-text.ts'
export { localTime } from './schedule/time-zone.ts'
export {
  isUpkeepDue,
  nextUpkeep,
  type UpkeepKind,
  upkeepKinds,
  upkeepRunsOn,
} from './schedule/upkeep.ts'
export { defaultDrillChecks } from './schema/drill.ts'
export {
  describeDuration,
  formatDuration,
  parseDuration,
  parseRetentionDuration,
} from './units/duration.ts'
export { formatBytes, parseRate, parseSize } from './units/size.ts'
export { ValueError } from './value-error.ts'
