import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  planRestore,
  preflightRestore,
  type ResolvedRef,
  type RestoreOrder,
} from '@backstream/backup'
import type { DirectorySourceConfig } from '@backstream/config'
import type { Lease, QueueConnection } from '@backstream/queue'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'
import { reportDryRun, reportRestore } from '../output/restore-text.ts'
import { carryOut } from './carry-out.ts'
import type { OpenStorage } from './open-storage.ts'
import { readingOptions } from './reading-options.ts'
import type { RestoreIntoOptions } from './restore-into.ts'

export interface IntoDirectory {
  readonly storage: OpenStorage
  readonly resolved: ResolvedRef
  readonly directory: DirectorySourceConfig
  readonly options: RestoreIntoOptions
}

const leaseTtlMs = 75_000
const waitForRunMs = 120_000
const lookEveryMs = 500

/**
 * `restore --into source` of a directory: over what is there, file by file, each whole or as it was.
 * What the backup does not have stays. No run of the plan goes on beside it: the plan's lease is
 * taken, and everything that can be looked at is looked at, before the first file is replaced.
 */
export async function restoreIntoDirectory(session: Session, into: IntoDirectory): Promise<void> {
  const { storage, resolved, options } = into
  const { manifest, passedOver } = resolved
  const plan = await planRestore(storage, await orderOf(session, into))
  const problems = await preflightRestore(storage, plan)
  if (problems.length > 0) {
    throw new CliError('failed', `Nothing was touched: ${problems.join('; ')}`, {
      remedy: 'Mend that first, or restore into another directory with --to.',
    })
  }
  if (options.dryRun) return reportDryRun(session, { plan, passedOver })
  if (options.yes !== manifest.plan) throw unsaid(into)
  const config = await session.config()
  const { openConfiguredQueue } = await import('@backstream/queue')
  const { settings, logger, clock } = session
  await using connection = await openConfiguredQueue(config, { env: settings.env, logger, clock })
  await using lease = await takeLease(session, connection, into)
  const signal = AbortSignal.any([session.interruption(), lease.signal])
  const held = { ...plan, order: { ...plan.order, signal } }
  const done = await carryOut(session, { storage, plan: held, isOverSource: true })
  reportRestore(session, { plan, passedOver }, done)
}

async function orderOf(
  session: Session,
  { resolved: { manifest }, directory, options }: IntoDirectory,
): Promise<RestoreOrder> {
  const { path, keepSetuid, overwrite = 'always' } = options
  return {
    manifest,
    to: directory.path,
    ...(await readingOptions(session, manifest)),
    keepOwners: process.getuid?.() === 0,
    overwrite,
    isStripped: true,
    ...(directory.at !== '' && { source: directory.at }),
    ...(path && { paths: path }),
    ...(keepSetuid && { keepSetuid }),
  }
}

function unsaid({ resolved: { manifest }, directory, options }: IntoDirectory): CliError {
  const ref = `${manifest.plan}/${manifest.backup}`
  if (options.yes !== undefined) {
    const message = `--yes ${options.yes} does not name the plan that is restored`
    return new CliError('usage', message, { remedy: `Say --yes ${manifest.plan}.` })
  }
  const message = `${directory.path} would be overwritten by what ${ref} has of it`
  return new CliError('refused', message, {
    remedy: `Say --yes ${manifest.plan} if you mean it; -n tells how much it is.`,
  })
}

/** The plan's lease, after the run that has it was cancelled, if that was asked for. */
async function takeLease(
  session: Session,
  connection: QueueConnection,
  { resolved: { manifest }, options }: IntoDirectory,
): Promise<Lease> {
  const { acquireLease } = await import('@backstream/queue')
  const { plan } = manifest
  const owner = `restore on ${hostname()} (${process.pid})`
  const request = { plan, owner, ttlMs: leaseTtlMs, logger: session.logger }
  const until = session.clock.monotonicMs() + waitForRunMs
  let isCancelled = false
  for (;;) {
    const lease = await acquireLease(connection, request)
    if (!('heldBy' in lease)) return lease
    if (!options.cancelRun) throw underWay(plan, lease.heldBy)
    if (!isCancelled) await cancelRuns(session, connection, plan)
    isCancelled = true
    if (session.clock.monotonicMs() > until) throw underWay(plan, lease.heldBy)
    await sleep(lookEveryMs, undefined, { signal: session.interruption() })
  }
}

async function cancelRuns(
  session: Session,
  connection: QueueConnection,
  plan: string,
): Promise<void> {
  const { createRunProducer } = await import('@backstream/queue')
  await using producer = createRunProducer(connection)
  const runs = await producer.findRuns({
    plan,
    jobName: 'backup.run',
    states: ['active'],
    limit: 10,
  })
  for (const { ref } of runs) {
    session.note(`note: run ${ref.jobId} of ${plan} is cancelled for this restore`)
    await producer.cancelRun(ref, `restore on ${hostname()}`)
  }
}

function underWay(plan: string, heldBy: string): CliError {
  return new CliError('refused', `${heldBy} is at work on ${plan}: nothing was touched`, {
    remedy: 'Wait until it has ended, or say --cancel-run to end a run for this restore.',
  })
}
