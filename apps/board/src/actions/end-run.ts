import { BoardError } from '../board-error.ts'
import type { ActionDeps, ActionMaker, ActionPlace } from './action.ts'

export const cancelRun: ActionMaker = async (deps, place) => {
  const { run, ref } = await findRun(deps, place)
  const isOver = run.state === 'completed' || run.state === 'failed'
  return {
    ...{ name: 'cancel', subject: `${place.plan.name}, run ${ref.jobId}` },
    label: 'Cancel the run',
    isDangerous: true,
    says: [
      run.state === 'active'
        ? 'Its worker stops, removes what it has stored of this backup, and does not try again.'
        : 'It is taken out of line, and does not begin.',
      'It ends as cancelled. Backups that are there stay, and so does the schedule.',
    ],
    refusal: isOver ? 'This run has ended: there is nothing to cancel.' : null,
    async perform(by) {
      const outcome = await deps.producer.cancelRun(ref, by)
      if (outcome === 'ended') return 'The run had ended before.'
      return outcome === 'asked' ? 'Its worker is told, and cleans up.' : 'The run is cancelled.'
    },
  }
}

export const retryRun: ActionMaker = async (deps, place) => {
  const { run, ref } = await findRun(deps, place)
  const wasCancelled = run.result?.outcome === 'cancelled'
  return {
    ...{ name: 'retry', subject: `${place.plan.name}, run ${ref.jobId}` },
    label: 'Try again',
    says: [
      `The run goes back into the queue ${ref.queue}, with a full set of ${run.attempts} attempts.`,
      ...(run.failedReason === null ? [] : [`Last time it failed: ${run.failedReason}`]),
    ],
    refusal:
      run.state === 'failed' || wasCancelled
        ? null
        : 'Only a run that has failed or was cancelled can be tried again.',
    async perform() {
      await deps.producer.retryRun(ref)
      return 'The run is in line again.'
    },
  }
}

async function findRun({ producer }: ActionDeps, { plan, run: at }: ActionPlace) {
  const ref = { queue: at?.queue ?? '', jobId: at?.jobId ?? '', plan: plan.name }
  const run = await producer.getRun(ref)
  if (run === undefined || run.ref.plan !== plan.name) {
    throw new BoardError('refused', `There is no such run of ${plan.name} any more.`, {
      statusCode: 404,
      permanent: true,
    })
  }
  return { run, ref }
}
