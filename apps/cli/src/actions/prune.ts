import {
  type PlanStatus,
  type PruneBlock,
  type PruneReport,
  pruneBlocksOf,
  prunePlan,
  undoPrune,
} from '@backstream/backup'
import { type Config, localTime, type Plan } from '@backstream/config'
import type { QueueConnection } from '@backstream/queue'
import { CliError } from '../cli-error.ts'
import { plansNamed, type Session } from '../command-context.ts'
import { exitStatus } from '../exit-status.ts'
import { ask } from '../output/ask.ts'
import { plainText } from '../output/plain-text.ts'
import { pruneOutcome, verdictTable } from '../output/prune-text.ts'
import { openMaintenanceStorage, openStorageOfPlan, storageNamed } from './open-storage.ts'
import { openPlanStatuses } from './plan-statuses.ts'

export interface PruneOptions {
  readonly plan: string | undefined
  readonly isDryRun: boolean
  readonly isConfirmed: boolean
  readonly despite: readonly PruneBlock[]
}

/** Retention by hand: shows the verdicts, and removes what no rule keeps once somebody agreed. */
export async function prune(session: Session, options: PruneOptions): Promise<void> {
  const config = await session.config()
  const plans =
    options.plan === undefined
      ? config.plans.filter(({ retention }) => retention !== null)
      : plansNamed(config, [options.plan])
  const { openConfiguredQueue } = await import('@backstream/queue')
  const { settings, logger, clock } = session
  await using connection = await openConfiguredQueue(config, { env: settings.env, logger, clock })
  await using statuses = await openPlanStatuses(session, config, connection)
  const known = await statuses.load(session.interruption())
  const reports: { plan: string; report: PruneReport }[] = []
  for (const plan of plans) {
    const status = known.find((each) => each.plan === plan.name)
    const work = { session, config, connection, plan, status, options }
    const report = await pruneOne(work)
    reports.push({ plan: plan.name, report })
    if (!session.json) session.print(`${pruneOutcome(plan.name, report)}\n`)
    for (const { backup, message } of report.failures) {
      session.note(`warning: ${plan.name}/${backup} not removed: ${plainText(message)}`)
    }
  }
  if (plans.length === 0) session.note('no plan has a retention: everything is kept')
  if (session.json)
    session.printJson({ format: 'backstream.prune/1', plans: reports.map(asDocument) })
  end(session, reports)
}

interface Work {
  readonly session: Session
  readonly config: Config
  readonly connection: QueueConnection
  readonly plan: Plan
  readonly status: PlanStatus | undefined
  readonly options: PruneOptions
}

async function pruneOne(work: Work): Promise<PruneReport> {
  const { session, config, plan, options } = work
  await using storage = await openMaintenanceStorage(session, storageNamed(config, plan.storage))
  const deps = { storage, clock: session.clock, signal: session.interruption() }
  const request = {
    installation: config.name,
    plan: plan.name,
    policy: plan.retention,
    localTime: (ms: number) => localTime(plan.retention?.timezone ?? 'UTC', ms),
    by: 'backstream prune',
    blocks: work.status ? pruneBlocksOf(work.status) : [],
    despite: options.despite,
  }
  const preview = await prunePlan(deps, { ...request, isConfirmed: false, isDryRun: true })
  if (!session.json) session.print(verdictTable(plan.name, preview, session.paint))
  if (options.isDryRun) return preview
  const going = preview.verdicts.filter(({ isKept }) => !isKept).length
  const isFree = going > 0 && preview.blocks.length === 0
  if (isFree && !(await isAgreed(work, going))) return { ...preview, outcome: 'held' }
  await using _lease = await lease(work)
  return await prunePlan(deps, { ...request, isConfirmed: true, isDryRun: false })
}

async function isAgreed({ session, options, plan }: Work, going: number): Promise<boolean> {
  if (options.isConfirmed) return true
  if (!session.stdin.isTTY || session.json) return false
  return await ask(session, `Remove ${going} of the backups of ${plan.name}?`)
}

/** No run of the plan while its backups are judged. */
async function lease({ session, connection, plan }: Work): Promise<AsyncDisposable> {
  const { acquireLease } = await import('@backstream/queue')
  const taken = await acquireLease(connection, {
    plan: plan.name,
    // One's own: a lease is given to whoever has the same owner.
    owner: `backstream prune, process ${process.pid}`,
    ttlMs: 30_000,
    logger: session.logger,
  })
  if (!('heldBy' in taken)) return taken
  throw new CliError('failed', `${plan.name} is in use by ${taken.heldBy}`, {
    remedy: 'Try again when that has ended; `backstream status` shows it.',
  })
}

function asDocument({ plan, report }: { plan: string; report: PruneReport }) {
  const verdicts = report.verdicts.map(({ backup, isKept, reasons }) => ({
    backup,
    keep: isKept,
    reasons,
  }))
  return { plan, ...report, verdicts }
}

function end(session: Session, reports: readonly { readonly report: PruneReport }[]): void {
  const outcomes = reports.map(({ report }) => report.outcome)
  const isRefused = outcomes.includes('held') || outcomes.includes('blocked')
  if (isRefused) {
    session.note('Nothing goes without --confirm, and --despite where the plan is in trouble.')
    session.endWith(exitStatus.refused)
  }
  if (reports.some(({ report }) => report.failures.length > 0)) session.endWith(exitStatus.failed)
}

/** `prune PLAN/ID --undo`. */
export async function undo(session: Session, ref: string | undefined): Promise<void> {
  const [, plan, backup] = /^([^/]+)\/([^/]+)$/.exec(ref ?? '') ?? []
  if (plan === undefined || backup === undefined) {
    throw new CliError('usage', '--undo needs one backup: PLAN/ID', {
      remedy: 'Give the whole id, as `backstream prune` named it.',
    })
  }
  await using storage = await openStorageOfPlan(session, plan)
  const outcome = await undoPrune(storage, { plan, backup }, session.interruption())
  if (session.json) session.printJson({ format: 'backstream.prune-undo/1', plan, backup, outcome })
  else if (outcome === 'restored') session.print(`${plan}/${backup} is a backup again\n`)
  else session.print(`${plan}/${backup} was not pruned: it is there\n`)
}
