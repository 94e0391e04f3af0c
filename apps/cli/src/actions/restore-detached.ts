import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { ResolvedRef } from '@backstream/backup'
import { maintenanceQueue } from '@backstream/jobs'
import type { RunProducer } from '@backstream/queue'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'
import type { RestoreOptions } from './restore.ts'

/**
 * `restore --detach`: the same as a job of `maintenance`, which survives this terminal. It goes into a
 * directory of this machine, so a worker of this machine must be the one that takes it.
 */
export async function restoreDetached(
  session: Session,
  { manifest }: ResolvedRef,
  options: RestoreOptions & { readonly to: string },
): Promise<void> {
  refuseContradictions(options)
  const config = await session.config()
  const { createRunProducer, openConfiguredQueue } = await import('@backstream/queue')
  const { settings, logger, clock } = session
  await using connection = await openConfiguredQueue(config, { env: settings.env, logger, clock })
  await using producer = createRunProducer(connection)
  await refuseOtherMachines(producer)
  const { plan, backup, encryption } = manifest
  const { to, path, source, keepSetuid } = options
  const identityFile = encryption ? identityOf(session) : undefined
  const payload = {
    ...{ plan, backup, to, host: hostname() },
    ...(path && { paths: [...path] }),
    ...(source !== undefined && { source }),
    ...(keepSetuid && { keepSetuid }),
    ...(identityFile !== undefined && { identityFile }),
  }
  const job = { name: 'backup.restore', payload } as const
  const ref = await producer.enqueueUpkeep({ job, queue: maintenanceQueue, once: null })
  if (session.json) {
    const facts = { plan, backup, to, detached: true, run: ref.jobId, queue: ref.queue }
    return session.printJson({ format: 'backstream.restore/1', ...facts })
  }
  session.print(`${plan}/${backup}: restore ${ref.jobId} is in ${ref.queue}, into ${to}\n`)
  session.note(`\`backstream logs ${ref.jobId} -f\` follows it; the board shows it as well`)
}

function refuseContradictions({ from, overwrite, asOf }: RestoreOptions): void {
  if (from !== undefined) {
    throw new CliError('usage', '--detach and --from contradict each other', {
      remedy: 'A worker knows the storages of its configuration only.',
    })
  }
  if (asOf !== undefined) {
    throw new CliError('usage', '--detach and --as-of contradict each other', {
      remedy: 'A worker reads the bucket as it is; leave --detach out.',
    })
  }
  if (overwrite !== undefined) {
    throw new CliError('usage', '--detach and --overwrite contradict each other', {
      remedy: 'A worker restores into a new or empty directory only; leave --detach out.',
    })
  }
}

async function refuseOtherMachines(producer: RunProducer): Promise<void> {
  const workers = await producer.workersOf(maintenanceQueue)
  const others = workers.map(({ host }) => host).filter((host) => host !== hostname())
  if (workers.length > 0 && others.length === 0) return
  const who = others.length > 0 ? `workers of ${[...new Set(others)].join(', ')} do` : 'none does'
  throw new CliError('refused', `Only workers of this machine may serve maintenance here; ${who}`, {
    remedy: 'Start `backstream worker` on this machine alone, or leave --detach out.',
  })
}

/** The file is named in the job, never what is in it. */
function identityOf({ settings }: Session): string {
  const { identityFile } = settings
  if (identityFile !== null && identityFile !== '-') return resolve(identityFile)
  throw new CliError('usage', 'the backup is encrypted, and no identity file is named', {
    remedy: 'Say -i FILE: one that the worker of this machine may read.',
  })
}
