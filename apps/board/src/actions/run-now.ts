import { describeDuration, formatBytes } from '@backstream/config'
import { queueOfPlan } from '@backstream/jobs'
import type { ActionMaker } from './action.ts'

export const runNow: ActionMaker = async ({ state, producer }, { plan }) => {
  const { glances } = state.lookAt(plan.name)
  const last = glances?.find(({ isGood }) => isGood)
  const workers = await producer.workersOf(queueOfPlan(plan))
  const going = state.queue()?.runs.going.some(({ ref }) => ref.plan === plan.name)
  return {
    name: 'run',
    subject: plan.name,
    label: 'Run now',
    says: [
      `A run of ${plan.name} is put into the queue ${queueOfPlan(plan)}, by hand. Its schedule stays as it is.`,
      `It reads ${sourcesOf(plan.sources)} and stores a new backup in ${plan.storage}; the others stay.`,
      last
        ? `Last time it read ${formatBytes(last.bytes)} in ${describeDuration(last.finishedAtMs - last.startedAtMs)}.`
        : 'There is no good backup yet to tell how long it will take.',
      ...(workers.length === 0
        ? ['No worker serves that queue now: it waits until one does.']
        : []),
      ...(going
        ? [
            'One is under way or in line already: this one will be skipped or wait for it, as the plan says.',
          ]
        : []),
    ],
    refusal: null,
    async perform() {
      const { jobId } = await producer.enqueueRun({ plan, trigger: 'manual' })
      return `A run of ${plan.name} is in the queue: ${jobId}.`
    },
  }
}

function sourcesOf(sources: readonly { readonly kind: string }[]): string {
  const kinds = [...new Set(sources.map(({ kind }) => kind))].join(' and ')
  return sources.length === 1 ? `its source (${kinds})` : `its ${sources.length} sources (${kinds})`
}
