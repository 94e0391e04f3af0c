import { defaults as preset } from './defaults.ts'
import type { Plan, RetentionConfig, Schedule, SourceConfig } from './model.ts'
import { reportNotYet } from './not-yet.ts'
import { buildSources } from './plan-sources.ts'
import type { ProblemReport } from './problem-report.ts'
import type { SaidPlan } from './said-plan.ts'
import { defaultOverdueAfterMs, longestGapMs } from './schedule/longest-gap.ts'
import type { PlanKeys } from './schema/plan.ts'
import type { RetentionKeys } from './schema/retention.ts'
import { formatDuration } from './units/duration.ts'

/** Names that a plan may refer to. */
export interface KnownNames {
  readonly storages: ReadonlySet<string>
  readonly limits: ReadonlySet<string>
  readonly notify: ReadonlySet<string>
  /** Who is told of plans that say nothing of it. */
  readonly toldByDefault: readonly string[]
}

/** The plan in full, or undefined where something it cannot do without is missing or wrong. */
export function buildPlan(
  said: SaidPlan,
  known: KnownNames,
  report: ProblemReport,
): Plan | undefined {
  const { keys } = said
  const sources = buildSources(said, report)
  const isStored = checkStorage(said, known, report)
  checkNames('limits', said, { known, report })
  checkNames('notify', said, { known, report })
  reportPlanNotYet(said, report)
  const schedule = keys.schedule ?? null
  checkOverdueAfter(said, schedule, report)
  checkKeys(said, report)
  if (sources) checkDrillServer(said, sources, report)
  if (!sources || !isStored || keys.storage === undefined) return undefined
  return {
    name: said.name,
    enabled: keys.enabled ?? true,
    sources,
    storage: keys.storage,
    schedule,
    runsOn: keys.runsOn ?? null,
    isLocal: sources.some(isLocalSource),
    ...times(keys, schedule),
    ...safeguards(keys, schedule),
    overlap: keys.overlap ?? preset.overlap,
    compression: keys.compression ?? {
      algorithm: preset.algorithm,
      level: preset.levels[preset.algorithm],
    },
    cpus: keys.cpus ?? null,
    encryption: keys.encryption ?? null,
    hooks: keys.hooks ?? null,
    limits: keys.limits ?? [],
    notify: keys.notify ?? known.toldByDefault,
  }
}

function times(keys: PlanKeys, schedule: Schedule | null): PlanTimes {
  const byDefault = schedule ? defaultOverdueAfterMs(schedule) : null
  return {
    overdueAfterMs: keys.overdueAfter ?? byDefault,
    catchUpMs: keys.catchUp === undefined ? preset.catchUpMs : keys.catchUp,
    attempts: keys.attempts ?? preset.attempts,
    backoff: { ...preset.backoff, ...keys.backoff },
    timeoutMs: keys.timeout ?? null,
    idleTimeout: { ...preset.idleTimeout, ...keys.idleTimeout },
  }
}
type PlanTimes = Pick<
  Plan,
  'overdueAfterMs' | 'catchUpMs' | 'attempts' | 'backoff' | 'timeoutMs' | 'idleTimeout'
>

function safeguards(keys: PlanKeys, schedule: Schedule | null): PlanSafeguards {
  return {
    retention: keys.retention ? inZone(keys.retention, schedule) : null,
    minSizeBytes: keys.minSize ?? null,
    shrinkPercent: keys.shrink === undefined ? preset.shrinkPercent : keys.shrink,
    verify: keys.verify ?? null,
    drill: keys.drill ?? null,
  }
}
type PlanSafeguards = Pick<
  Plan,
  'retention' | 'minSizeBytes' | 'shrinkPercent' | 'verify' | 'drill'
>

/** Days are counted where the schedule counts them: a run at 00:30 belongs to the day it ran on. */
function inZone(retention: RetentionKeys, schedule: Schedule | null): RetentionConfig {
  const zone = schedule?.kind === 'cron' ? schedule.timezone : preset.timezone
  return { ...retention, timezone: retention.timezone ?? zone }
}

function isLocalSource(source: SourceConfig): boolean {
  return ['directory', 'command', 'sqlite'].includes(source.kind) && source.via === null
}

function checkStorage(said: SaidPlan, known: KnownNames, report: ProblemReport): boolean {
  const { storage } = said.keys
  if (storage === undefined) {
    if (!said.written.has('storage')) {
      report.error([...said.path, 'storage'], {
        message: 'where the backups go is not said',
        remedy: `add storage with one of ${listNames(known.storages)}, here or in defaults`,
      })
    }
    return false
  }
  if (known.storages.has(storage)) return true
  report.error(said.pathOf('storage'), {
    message: 'there is no storage of this name',
    remedy: `write one of ${listNames(known.storages)}, or add it to storages`,
  })
  return false
}

function checkNames(
  key: 'limits' | 'notify',
  said: SaidPlan,
  context: { readonly known: KnownNames; readonly report: ProblemReport },
): void {
  const { known, report } = context
  said.keys[key]?.forEach((name, index) => {
    if (known[key].has(name)) return
    report.error([...said.pathOf(key), index], {
      message: `there is nothing of this name in ${key}`,
      remedy: `write one of ${listNames(known[key])}, or add it to ${key} at the top`,
    })
  })
}

function checkOverdueAfter(said: SaidPlan, schedule: Schedule | null, report: ProblemReport): void {
  const limit = said.keys.overdueAfter
  if (typeof limit !== 'number' || schedule === null) return
  const gap = longestGapMs(schedule)
  if (limit > gap) return
  report.notice(said.pathOf('overdueAfter'), {
    message: `shorter than the longest gap of the schedule, ${formatDuration(gap)}: overdue before each run`,
    remedy: `write more than ${formatDuration(gap)}, or leave it out`,
  })
}

/** What opens backups cannot do so without a key; what compares them can. */
function checkKeys(said: SaidPlan, report: ProblemReport): void {
  const { encryption, drill, verify } = said.keys
  if (!encryption) return
  if (drill && !drill.identity) {
    report.error(said.pathOf('drill'), {
      message: 'the backups are encrypted, and the drill has no key to open them',
      remedy: 'add identity: { file: PATH } and runsOn with the worker that holds it',
    })
  }
  if (verify?.deepMs && !verify.identity) {
    report.notice(said.pathOf('verify'), {
      message: 'the backups are encrypted, and without a key they are compared, never opened',
      remedy: 'add identity and runsOn, or let a drill open them',
    })
  }
}

/** A drill that restores into nothing would prove nothing. */
function checkDrillServer(
  said: SaidPlan,
  sources: readonly SourceConfig[],
  report: ProblemReport,
): void {
  const { drill } = said.keys
  if (!drill?.into) return
  const isInto = (source: SourceConfig): boolean =>
    ['postgres', 'mysql', 'mariadb'].includes(source.kind) &&
    !('format' in source && source.format === 'physical')
  if (sources.some(isInto)) return
  report.error([...said.pathOf('drill'), 'into'], {
    message: 'this plan has no dump that goes into such a server',
    remedy: 'leave into out: what it has is restored as files and compared',
  })
}

function reportPlanNotYet(said: SaidPlan, report: ProblemReport): void {
  for (const [key, value] of Object.entries(said.keys)) {
    const path = said.pathOf(key as keyof PlanKeys)
    reportNotYet(value, { key: ['plans', said.name, key], path }, report)
  }
}

function listNames(names: ReadonlySet<string>): string {
  return names.size > 0 ? [...names].join(', ') : 'those that are defined (none so far)'
}
