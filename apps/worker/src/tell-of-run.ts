import { type Manifest, recoveryByBackup, suspectId, suspicionOf } from '@backstream/backup'
import { formatBytes } from '@backstream/config'
import { type Clock, describeError, type Logger } from '@backstream/kernel'
import type { Tell } from '@backstream/notify'
import type { AlarmMemory } from '@backstream/queue'

/** Tells of what runs do. Never rejects: a run that nobody could be told of is as good as any other. */
export interface RunTeller {
  /** That a run has its turn; once a run, however many attempts it takes. */
  started(plan: string, runId: string): Promise<void>
  /** Of a backup: that it was made, that it is suspect, that it ends the trouble of its plan. */
  committed(manifest: Manifest): Promise<void>
}

export function createRunTeller(deps: {
  readonly tell: Tell
  readonly alarms: Pick<AlarmMemory, 'recall' | 'note' | 'forget'>
  readonly clock: Clock
  readonly logger: Logger
}): RunTeller {
  const { tell, logger } = deps
  const quietly = async (plan: string, telling: Promise<void>) => {
    await telling.catch((error: unknown) =>
      logger.warn({ plan, err: error }, `${plan}: nobody is told: ${describeError(error)}`),
    )
  }
  return {
    started: (plan, run) =>
      quietly(
        plan,
        tell({
          id: `started/${plan}/${run}`,
          event: 'started',
          plan,
          run,
          text: `run ${run} of ${plan} begins`,
        }),
      ),
    committed: (manifest) =>
      quietly(
        manifest.plan,
        manifest.status === 'good' ? tellOfGood(deps, manifest) : tellOfSuspect(deps, manifest),
      ),
  }
}

type Deps = Parameters<typeof createRunTeller>[0]

async function tellOfGood({ tell, alarms }: Deps, manifest: Manifest): Promise<void> {
  const { plan, backup, content, run } = manifest
  await tell({
    id: `succeeded/${plan}/${backup}`,
    event: 'succeeded',
    ...{ plan, backup, run: run.id },
    text: `${plan}/${backup}: ${content.entries} entries, ${formatBytes(content.bytes)}`,
  })
  const told = (await alarms.recall()).get(plan) ?? []
  const recovery = recoveryByBackup(plan, told)
  if (!recovery) return
  await tell({ ...recovery, event: 'recovered', plan, backup, run: run.id })
  const events = told.map(({ event }) => event)
  await alarms.forget(plan, events)
}

async function tellOfSuspect({ tell, alarms, clock }: Deps, manifest: Manifest): Promise<void> {
  const { plan, backup, run } = manifest
  const id = suspectId(plan, backup)
  await tell({ id, event: 'suspect', plan, backup, run: run.id, text: suspicionOf(manifest) })
  await alarms.note(plan, { event: 'suspect', id, atMs: clock.now() })
}
