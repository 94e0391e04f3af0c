import { hostname } from 'node:os'
import { defaultSweepGraceMs, type SweepReport, sweepStorage } from '@backstream/backup'
import { type Config, parseDuration } from '@backstream/config'
import type { QueueConnection } from '@backstream/queue'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'
import { exitStatus } from '../exit-status.ts'
import { ask } from '../output/ask.ts'
import { plainText } from '../output/plain-text.ts'
import { describeSweep, sweepTable, sweepTroubles } from '../output/sweep-text.ts'
import { openMaintenanceStorage } from './open-storage.ts'

export interface SweepOptions {
  readonly isDryRun: boolean
  readonly isConfirmed: boolean
  readonly grace: string | undefined
}

/** One of the configuration's storages, and what was found there. */
interface Swept {
  readonly storage: string
  readonly report: SweepReport
}

/** Needs Redis: nobody else knows which runs are alive. */
export async function sweep(session: Session, options: SweepOptions): Promise<void> {
  const graceMs = readGrace(options.grace)
  const config = await session.config()
  const { openConfiguredQueue } = await import('@backstream/queue')
  const { settings, logger, clock } = session
  await using connection = await openConfiguredQueue(config, { env: settings.env, logger, clock })
  const work = { session, config, connection, graceMs }
  const preview = options.isConfirmed ? null : await sweepAll(work, true)
  if (preview && !session.json) session.print(sweepTable(preview, session.paint))
  const isAgreed = !options.isDryRun && (await agrees(session, preview))
  const swept = isAgreed ? await sweepAll(work, false) : (preview ?? (await sweepAll(work, true)))
  report(session, swept, { isDone: isAgreed, wasShown: preview !== null })
  if (!options.isDryRun && !isAgreed && countOf(swept) > 0) {
    session.note('Nothing goes without --confirm.')
    session.endWith(exitStatus.refused)
  }
}

/** Without anything to remove there is nothing to ask. */
async function agrees(session: Session, preview: readonly Swept[] | null): Promise<boolean> {
  if (preview === null) return true
  if (countOf(preview) === 0) return false
  if (!session.stdin.isTTY || session.json) return false
  return await ask(session, `Remove what ${countOf(preview)} of these left?`)
}

function countOf(swept: readonly Swept[]): number {
  return swept.reduce((total, { report }) => total + report.swept.length, 0)
}

interface Work {
  readonly session: Session
  readonly config: Config
  readonly connection: QueueConnection
  readonly graceMs: number
}

async function sweepAll(work: Work, isDryRun: boolean): Promise<Swept[]> {
  const { session, config, connection, graceMs } = work
  const { openSweepWitness } = await import('@backstream/queue')
  const deps = {
    witness: openSweepWitness(connection),
    clock: session.clock,
    signal: session.interruption(),
  }
  const plans = config.plans.map(({ name, retention }) => ({
    name,
    retentionGraceMs: retention?.graceMs ?? defaultSweepGraceMs,
  }))
  const swept: Swept[] = []
  for (const configured of Object.values(config.storages)) {
    await using storage = await openMaintenanceStorage(session, configured)
    const by = `backstream sweep on ${hostname()}`
    const request = { installation: config.name, plans, graceMs, by, isDryRun }
    const report = await sweepStorage({ ...deps, storage }, request)
    swept.push({ storage: storage.location, report })
  }
  return swept
}

function report(
  session: Session,
  swept: readonly Swept[],
  shown: { readonly isDone: boolean; readonly wasShown: boolean },
): void {
  if (session.json) {
    const storages = swept.map(({ storage, report }) => ({ storage, ...report }))
    session.printJson({ format: 'backstream.sweep/1', storages })
  } else {
    if (!shown.wasShown) session.print(sweepTable(swept, session.paint))
    for (const { storage, report } of swept) {
      session.print(`${storage}: ${describeSweep(report, shown.isDone)}\n`)
    }
  }
  for (const { report } of swept) {
    for (const trouble of sweepTroubles(report)) session.note(`warning: ${plainText(trouble)}`)
  }
  const reports = swept.map(({ report }) => report)
  if (reports.some(({ locked, manifestGone }) => locked.length + manifestGone.length > 0)) {
    session.endWith(exitStatus.incomplete)
  }
  if (reports.some(({ failures }) => failures.length > 0)) session.endWith(exitStatus.failed)
}

function readGrace(text: string | undefined): number {
  if (text === undefined) return defaultSweepGraceMs
  // No duration of the configuration is nought; here it says: nothing is under way.
  if (/^0[smhdw]$/.test(text)) return 0
  try {
    return parseDuration(text)
  } catch (cause) {
    throw new CliError('usage', `--grace ${text} is not a duration`, {
      cause,
      remedy: 'Write it like 24h, 90m or 0s.',
    })
  }
}
