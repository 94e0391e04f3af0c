import { needsAttention } from '@backstream/backup'
import { stateTones, stateWords, type Tone } from '../page/tone.ts'
import type { Overview } from './read-overview.ts'

export interface Headline {
  readonly words: string
  readonly tone: Tone
  /** Plans that need somebody. */
  readonly count: number
}

/** The answer to the one question of the page: must I act? */
export function headlineOf(
  overview: Pick<Overview, 'plans' | 'queues' | 'unknownPlans'>,
): Headline {
  const { plans, queues } = overview
  if (plans.length === 0) return withoutPlans(overview)
  const troubled = plans.filter(needsAttention)
  const [worst] = troubled
  const count = troubled.length
  if (worst !== undefined) {
    const of = `${count} of ${plans.length} ${plans.length === 1 ? 'plan' : 'plans'}`
    const verb = count === 1 ? 'needs' : 'need'
    const words = `${of} ${verb} you. Worst: ${worst.plan}, ${stateWords[worst.state]}.`
    return { words, tone: stateTones[worst.state], count }
  }
  const well = plans.length === 1 ? 'The one plan is well' : `All ${plans.length} plans are well`
  const paused = queues?.filter(({ isPaused }) => isPaused).length ?? 0
  if (queues === null) return { words: `${well}, but Redis does not answer.`, tone: 'bad', count }
  if (paused > 0) return { words: `${well}, but nothing new will start.`, tone: 'bad', count }
  return { words: `${well}.`, tone: 'good', count }
}

/** A first visit, or a configuration that has lost its plans. */
function withoutPlans({ unknownPlans }: Pick<Overview, 'unknownPlans'>): Headline {
  const count = unknownPlans.length
  if (count === 0) return { words: 'No plan is configured yet.', tone: 'off', count }
  const others = count === 1 ? 'one has backups' : `${count} have backups`
  return { words: `No plan is configured, and ${others}: nothing is made.`, tone: 'bad', count }
}
