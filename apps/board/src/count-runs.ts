/**
 * Run counters for a process that runs nothing itself. Workers serve no pages, so the board counts
 * what ended since it started, from the records the queue keeps; each end once, also when a run is
 * retried and ends again. Like every counter they begin at nought with the process.
 */
import type { RunProducer, RunSummary } from '@backstream/queue'
import type { Metrics } from '@backstream/runtime/metrics'

const outcomes = ['committed', 'skipped', 'cancelled', 'failed'] as const
const triggers = ['schedule', 'manual', 'catchup'] as const
/** More runs than end between two scrapes of any sane interval. */
const lookAt = 500

export interface RunCounter {
  /** Rejects when the queue cannot be asked; nothing is counted then, and nothing lost. */
  count(): Promise<void>
}

export interface RunCounterOptions {
  readonly metrics: Metrics
  readonly producer: Pick<RunProducer, 'findRuns'>
  readonly plans: readonly string[]
  /** What ended before is not counted. */
  readonly sinceMs: number
}

export function createRunCounter(options: RunCounterOptions): RunCounter {
  const { metrics, producer, plans, sinceMs } = options
  let counted: ReadonlySet<string> = new Set()
  // A counter that appears only with its first event hides that event from `increase()`.
  for (const plan of plans) {
    for (const trigger of triggers) {
      for (const outcome of outcomes) metrics.runs.inc({ plan, trigger, outcome }, 0)
    }
  }
  return {
    async count() {
      const runs = await producer.findRuns({ states: ['completed', 'failed'], limit: lookAt })
      const ended = runs.filter(
        ({ jobName, finishedAtMs }) => isCounted(jobName) && (finishedAtMs ?? 0) > sinceMs,
      )
      for (const run of ended) if (!counted.has(endOf(run))) countEnd(metrics, run)
      counted = new Set(ended.map(endOf))
    },
  }
}

function isCounted(jobName: string): boolean {
  return jobName === 'backup.run' || jobName === 'backup.sweep'
}

function countEnd(metrics: Metrics, run: RunSummary): void {
  if (run.jobName === 'backup.run') countRun(metrics, run)
  else metrics.sweptBytes.inc(run.swept?.bytes ?? 0)
}

function endOf({ ref, finishedAtMs }: RunSummary): string {
  return `${ref.queue}/${ref.jobId}/${finishedAtMs}`
}

function countRun(metrics: Metrics, run: RunSummary): void {
  const { plan } = run.ref
  const outcome = run.state === 'failed' ? 'failed' : run.result?.outcome
  if (outcome === undefined) return
  metrics.runs.inc({ plan, trigger: run.trigger ?? 'unknown', outcome })
  const isWork = outcome === 'committed' || outcome === 'failed'
  if (isWork && run.startedAtMs !== null && run.finishedAtMs !== null) {
    metrics.runDurationSeconds.observe({ plan }, (run.finishedAtMs - run.startedAtMs) / 1000)
  }
  if (run.result?.outcome === 'committed') {
    metrics.readBytes.inc({ plan }, run.result.bytes)
    metrics.storedBytes.inc({ plan }, run.result.storedBytes)
  }
}
