import type { QueueCounts } from '@backstream/queue'

/** What keeps runs from starting, whatever the plans' states are; '' where nothing does. */
export function queueTroubles(queues: readonly QueueCounts[]): string {
  return queues.map(troubleOf).join('')
}

function troubleOf({ queue, isPaused, workers, waiting }: QueueCounts): string {
  if (isPaused) return `The queue ${queue} is paused: none of its runs start until it is resumed.\n`
  if (workers > 0 || waiting === 0) return ''
  const wait = waiting === 1 ? '1 run waits' : `${waiting} runs wait`
  return `The queue ${queue} has no worker: ${wait}.\n`
}
