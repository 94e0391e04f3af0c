import {
  type Config,
  type ConfigProblem,
  describeDuration,
  describeSchedule,
  formatProblems,
  nextRuns,
  type Plan,
} from '@backstream/config'
import type { Session } from '../command-context.ts'
import { describeRetention } from '../output/describe-retention.ts'
import { formatLocalTime } from '../output/local-time.ts'

export async function validate(session: Session): Promise<void> {
  const checked = await session.checkedConfig()
  const plans = await Promise.all(
    checked.config.plans.map((plan) => describePlan(session, checked.config, plan)),
  )
  if (session.json) return printDocument(session, { ...checked, plans })
  const { config, notices } = checked
  const counted = config.plans.length === 1 ? '1 plan' : `${config.plans.length} plans`
  session.print(`${config.file} is valid: ${counted}\n`)
  for (const plan of plans) session.print(`\n${renderPlan(session, plan)}`)
  if (notices.length > 0) session.print(`\n${formatProblems(notices)}\n`)
}

interface DescribedPlan {
  readonly plan: Plan
  readonly schedule: string
  readonly nextRunsMs: readonly number[]
  readonly keeps: string
  readonly storage: string
  readonly encryption: string
  readonly overdueAfter: string
}

async function describePlan(session: Session, config: Config, plan: Plan): Promise<DescribedPlan> {
  const storage = config.storages[plan.storage]
  const location = [storage?.bucket, storage?.prefix].filter(Boolean).join('/')
  const from = { afterMs: session.clock.now(), count: 3 }
  const { schedule, enabled, encryption, overdueAfterMs } = plan
  return {
    plan,
    schedule: enabled ? describeSchedule(schedule) : 'disabled',
    nextRunsMs: schedule && enabled ? nextRuns(schedule, plan.name, from) : [],
    keeps: describeRetention(plan.retention, describeDuration),
    storage: `${plan.storage} (s3://${location})`,
    encryption: encryption
      ? `age for ${encryption.recipients.join(', ')}`
      : 'none: whoever can read the bucket can read the backups',
    overdueAfter: overdueAfterMs === null ? 'never' : `after ${describeDuration(overdueAfterMs)}`,
  }
}

function renderPlan(session: Session, described: DescribedPlan): string {
  const { plan, nextRunsMs } = described
  const [first = 'none', ...further] = nextRunsMs.map((ms) => formatLocalTime(ms))
  const facts: readonly (readonly [string, string])[] = [
    ...plan.sources.map((source) => ['source', describeSource(source)] as const),
    ['storage', described.storage],
    ['schedule', described.schedule],
    ['next runs', first],
    ...further.map((run) => ['', run] as const),
    ['keeps', described.keeps],
    ['encryption', described.encryption],
    ['overdue', described.overdueAfter],
    ['tells', plan.notify.join(', ') || 'nobody: a failure shows on the board and in `status`'],
  ]
  const lines = facts.map(([name, text]) => `  ${name.padEnd(10)}  ${text}\n`)
  return `${session.paint.bold(plan.name)}\n${lines.join('')}`
}

function describeSource(source: Plan['sources'][number]): string {
  const at = source.at === '' ? '' : ` at ${source.at}`
  if (source.kind === 'directory') return `directory ${source.path}${at}`
  // Not its arguments: one of them may be a secret.
  return source.kind === 'command' ? `command ${source.argv[0]}${at}` : `${source.kind}${at}`
}

interface Checked {
  readonly config: Config
  readonly notices: readonly ConfigProblem[]
  readonly plans: readonly DescribedPlan[]
}

function printDocument(session: Session, { config, notices, plans }: Checked): void {
  session.printJson({
    format: 'backstream.validate/1',
    valid: true,
    file: config.file,
    name: config.name,
    plans: plans.map(({ plan, schedule, nextRunsMs, keeps }) => ({
      plan: plan.name,
      enabled: plan.enabled,
      storage: plan.storage,
      schedule,
      nextRuns: nextRunsMs.map((ms) => new Date(ms).toISOString()),
      keeps,
      encrypted: plan.encryption !== null,
      overdueAfterSeconds: plan.overdueAfterMs === null ? null : plan.overdueAfterMs / 1000,
      notify: plan.notify,
    })),
    notices,
  })
}
