import { linkOf, type QueueConnection } from './open-connection.ts'
import { livePresences } from './presence.ts'
import { knownQueues } from './queue-names.ts'
import { translateError } from './translate-error.ts'

export interface QueueMetrics {
  readonly queues: readonly QueueCounts[]
  /** BullMQ's own metrics in the Prometheus text format. */
  readonly bullmq: string
}

export interface QueueCounts {
  readonly queue: string
  readonly waiting: number
  readonly active: number
  readonly delayed: number
  readonly completed: number
  readonly failed: number
  readonly isPaused: boolean
  readonly workers: number
}

/** Of `queues`, or of every queue that was ever used. */
export async function queueMetrics(
  connection: QueueConnection,
  queues?: readonly string[],
): Promise<QueueMetrics> {
  const link = linkOf(connection)
  try {
    const names = queues ?? (await knownQueues(link))
    const workers = await livePresences(connection, 'worker')
    const counts = await Promise.all(
      names.map(async (name): Promise<QueueCounts> => {
        const queue = link.queue(name)
        const [jobs, isPaused] = await Promise.all([
          queue.getJobCounts('wait', 'prioritized', 'active', 'delayed', 'completed', 'failed'),
          queue.isPaused(),
        ])
        return {
          queue: name,
          waiting: (jobs['wait'] ?? 0) + (jobs['prioritized'] ?? 0),
          active: jobs['active'] ?? 0,
          delayed: jobs['delayed'] ?? 0,
          completed: jobs['completed'] ?? 0,
          failed: jobs['failed'] ?? 0,
          isPaused,
          workers: workers.filter(({ serves }) => serves.includes(name)).length,
        }
      }),
    )
    const texts = await Promise.all(
      names.map((name) =>
        link.queue(name).exportPrometheusMetrics({ installation: connection.installation }),
      ),
    )
    return { queues: counts, bullmq: mergeMetrics(texts) }
  } catch (error) {
    throw translateError(error, link.address)
  }
}

/** One text of several: a metric may be described once only, and its samples must stand together. */
export function mergeMetrics(texts: readonly string[]): string {
  const descriptions = new Map<string, string[]>()
  const samples = new Map<string, string[]>()
  for (const line of texts.flatMap((text) => text.split('\n'))) {
    const described = /^# \w+ (\S+)/.exec(line)?.[1]
    const metric = described ?? /^[a-zA-Z_:][\w:]*/.exec(line)?.[0]
    if (metric === undefined) continue
    const lines = described === undefined ? samples : descriptions
    const known = lines.get(metric) ?? []
    if (described === undefined || !known.includes(line)) known.push(line)
    lines.set(metric, known)
  }
  const metrics = [...samples].flatMap(([name, lines]) => [
    ...(descriptions.get(name) ?? []),
    ...lines,
  ])
  return metrics.length === 0 ? '' : `${metrics.join('\n')}\n`
}
