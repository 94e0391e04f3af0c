import { writeFile } from 'node:fs/promises'
import {
  listUnknownPlans,
  type PlanReport,
  planReport,
  type ReportedRun,
  readEvidence,
} from '@backstream/backup'
import { type Config, localTime, type Plan } from '@backstream/config'
import { describeError } from '@backstream/kernel'
import type { QueueConnection, RunSummary } from '@backstream/queue'
import type { Storage } from '@backstream/storage'
import type { Session } from '../command-context.ts'
import { exitStatus } from '../exit-status.ts'
import { renderReportPage } from '../output/report-page.ts'
import { type Report, reportText } from '../output/report-text.ts'
import { openStorage } from './open-storage.ts'
import { parseTime } from './parse-time.ts'

export interface ReportOptions {
  readonly since: string
  readonly html?: string
}

/** More than are kept of any plan. */
const runsAtMost = 2_000

/** `report`: what can be shown of every plan's past. Exits 1 when a backup is missing or was changed. */
export async function report(session: Session, options: ReportOptions): Promise<void> {
  const sinceMs = parseTime(options.since, session.clock)
  const config = await session.config()
  const { openConfiguredQueue } = await import('@backstream/queue')
  const { settings, logger, clock } = session
  const opened = await openConfiguredQueue(config, { env: settings.env, logger, clock }).then(
    (connection) => ({ connection, problem: null }),
    (problem: unknown) => ({ connection: null, problem }),
  )
  await using _connection = opened.connection
  const period = { sinceMs, nowMs: clock.now() }
  const read = await readAll(session, config, { ...period, connection: opened.connection })
  const whole: Report = { name: config.name, ...period, ...read }
  if (options.html !== undefined) await writeFile(options.html, renderReportPage(whole))
  if (session.json) session.printJson(asDocument(whole))
  else session.print(reportText(whole, session.paint))
  if (options.html !== undefined) session.note(`the same as a page: ${options.html}`)
  if (opened.problem !== null) {
    session.note(`warning: runs are unknown, Redis was not asked: ${describeError(opened.problem)}`)
  }
  if (read.unreachable.length > 0) session.endWith(exitStatus.incomplete)
  if (read.plans.some(({ findings }) => findings.length > 0)) session.endWith(exitStatus.failed)
}

interface Asked {
  readonly sinceMs: number
  readonly nowMs: number
  readonly connection: QueueConnection | null
}

async function readAll(
  session: Session,
  config: Config,
  asked: Asked,
): Promise<Pick<Report, 'plans' | 'unreachable'>> {
  const signal = session.interruption()
  const plans: PlanReport[] = []
  const unreachable: { storage: string; message: string }[] = []
  const known = new Set(config.plans.map(({ name }) => name))
  for (const configured of Object.values(config.storages)) {
    try {
      await using storage = await openStorage(session, configured)
      const own = config.plans.filter((plan) => plan.storage === configured.name)
      const others = await listUnknownPlans(
        storage,
        { installation: config.name, plans: known },
        signal,
      )
      for (const name of [...own.map((plan) => plan.name), ...others]) {
        const plan = own.find((candidate) => candidate.name === name)
        plans.push(await readOne(session, { storage, name, plan, asked }))
      }
    } catch (error) {
      signal.throwIfAborted()
      unreachable.push({ storage: configured.name, message: describeError(error) })
    }
  }
  return { plans, unreachable }
}

interface One {
  readonly storage: Storage
  readonly name: string
  /** Undefined for one that the configuration has no more. */
  readonly plan: Plan | undefined
  readonly asked: Asked
}

async function readOne(session: Session, { storage, name, plan, asked }: One): Promise<PlanReport> {
  const { sinceMs, nowMs, connection } = asked
  const schedule = plan?.schedule
  const zone = schedule?.kind === 'cron' ? schedule.timezone : 'UTC'
  return planReport({
    evidence: await readEvidence(storage, name, session.interruption()),
    ...{ sinceMs, nowMs },
    overdueAfterMs: plan?.overdueAfterMs ?? null,
    localTime: (ms) => localTime(zone, ms),
    runs: connection && (await readRuns(connection, name)),
  })
}

async function readRuns(connection: QueueConnection, plan: string): Promise<ReportedRun[]> {
  const { createRunProducer } = await import('@backstream/queue')
  await using producer = createRunProducer(connection)
  const found = await producer.findRuns({
    ...{ plan, jobName: 'backup.run', states: ['completed', 'failed'], limit: runsAtMost },
  })
  return found.flatMap((run) => reportedRun(run))
}

function reportedRun({ state, result, failedReason, finishedAtMs }: RunSummary): ReportedRun[] {
  const atMs = finishedAtMs ?? 0
  if (state === 'failed') return [{ outcome: 'failed', atMs, backup: null, cause: failedReason }]
  if (!result) return []
  if (result.outcome === 'committed') {
    return [{ outcome: 'committed', atMs, backup: result.backup, cause: null }]
  }
  return [{ outcome: result.outcome, atMs, backup: null, cause: result.reason }]
}

function asDocument({ sinceMs, nowMs, ...rest }: Report) {
  const iso = (ms: number) => new Date(ms).toISOString()
  return { format: 'backstream.report/1', since: iso(sinceMs), until: iso(nowMs), ...rest }
}
