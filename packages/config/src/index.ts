export type * from './model.ts'
export { describeSchedule } from './schedule/describe-schedule.ts'
export { defaultOverdueAfterMs, longestGapMs } from './schedule/longest-gap.ts'
export { nextRun, nextRuns, previousRun } from './schedule/next-run.ts'
export { decodeSchedule, encodeSchedule } from './schedule/schedule-text.ts'
export {
  describeDuration,
  formatDuration,
  parseDuration,
  parseRetentionDuration,
} from './units/duration.ts'
export { formatBytes, parseRate, parseSize } from './units/size.ts'
export { ValueError } from './value-error.ts'
