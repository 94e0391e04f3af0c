import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/**
 * The metrics of docs: names are part of the outside and only ever added to. One instance per
 * process, in a registry of its own, so that nothing is registered by an import.
 *
 * Per-plan gauges are set from manifests and the queue; call `forgetPlans` before setting them anew
 * so that a plan that is gone does not stay green for ever.
 */
export interface Metrics {
  readonly plan: PlanGauges
  readonly runs: Counter<'plan' | 'trigger' | 'outcome'>
  readonly runDurationSeconds: Histogram<'plan'>
  readonly readBytes: Counter<'plan'>
  readonly storedBytes: Counter<'plan'>
  readonly sweptBytes: Counter<never>
  readonly workers: Gauge<'queue'>
  forgetPlans(): void
  /** Prometheus text format, to be served as `contentType`. */
  text(): Promise<string>
  readonly contentType: string
}

export interface PlanGauges {
  readonly lastSuccess: Gauge<'plan'>
  readonly lastRun: Gauge<'plan'>
  /** 1 when the last run made a backup, else 0. */
  readonly lastRunSuccess: Gauge<'plan'>
  readonly nextRun: Gauge<'plan'>
  readonly overdueAfter: Gauge<'plan'>
  /** 1 when overdue, else 0. */
  readonly overdue: Gauge<'plan'>
  readonly backups: Gauge<'plan' | 'state'>
  readonly storedBytes: Gauge<'plan'>
  readonly lastVerified: Gauge<'plan' | 'depth'>
  readonly lastDrill: Gauge<'plan'>
  readonly lastDrillDuration: Gauge<'plan'>
}

export interface CreateMetricsOptions {
  /** The installation's name, a label of every metric. */
  readonly installation: string
  readonly version: string
}

export function createMetrics(options: CreateMetricsOptions): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ installation: options.installation })
  const plan = createPlanGauges(registry)
  new Gauge({
    name: 'backstream_build_info',
    help: 'Version of Backstream and of Node; always 1',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version: options.version, node: process.versions.node }, 1)
  return {
    plan,
    ...createRunMetrics(registry),
    forgetPlans: () => {
      for (const gauge of Object.values(plan)) gauge.reset()
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

function createPlanGauges(registry: Registry): PlanGauges {
  function gauge<L extends string = never>(name: string, help: string, ...labels: L[]) {
    return new Gauge<'plan' | L>({
      name: `backstream_plan_${name}`,
      help,
      labelNames: ['plan', ...labels],
      registers: [registry],
    })
  }
  return {
    lastSuccess: gauge(
      'last_success_timestamp_seconds',
      'When the newest good backup was finished',
    ),
    lastRun: gauge('last_run_timestamp_seconds', 'When the last run ended'),
    lastRunSuccess: gauge('last_run_success', 'Whether the last run made a backup'),
    nextRun: gauge('next_run_timestamp_seconds', 'When the next run is due'),
    overdueAfter: gauge('overdue_after_seconds', 'Age beyond which the newest backup is overdue'),
    overdue: gauge('overdue', 'Whether the newest good backup is too old'),
    backups: gauge('backups', 'Backups in the bucket', 'state'),
    storedBytes: gauge('stored_bytes', 'Bytes the backups take in the bucket'),
    lastVerified: gauge('last_verified_timestamp_seconds', 'When a backup was verified', 'depth'),
    lastDrill: gauge('last_drill_timestamp_seconds', 'When a backup was restored in a drill'),
    lastDrillDuration: gauge('last_drill_duration_seconds', 'How long that restore took'),
  }
}

type RunMetrics = Pick<
  Metrics,
  'runs' | 'runDurationSeconds' | 'readBytes' | 'storedBytes' | 'sweptBytes' | 'workers'
>

function createRunMetrics(registry: Registry): RunMetrics {
  const registers = [registry]
  return {
    runs: new Counter({
      name: 'backstream_runs_total',
      help: 'Runs that ended, by outcome',
      labelNames: ['plan', 'trigger', 'outcome'],
      registers,
    }),
    runDurationSeconds: new Histogram({
      name: 'backstream_run_duration_seconds',
      help: 'How long runs took',
      labelNames: ['plan'],
      buckets: [1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600],
      registers,
    }),
    readBytes: new Counter({
      name: 'backstream_read_bytes_total',
      help: 'Bytes read from sources',
      labelNames: ['plan'],
      registers,
    }),
    storedBytes: new Counter({
      name: 'backstream_stored_bytes_total',
      help: 'Bytes stored in buckets',
      labelNames: ['plan'],
      registers,
    }),
    sweptBytes: new Counter({
      name: 'backstream_swept_bytes_total',
      help: 'Bytes removed by the sweep',
      registers,
    }),
    workers: new Gauge({
      name: 'backstream_workers',
      help: 'Workers connected to a queue',
      labelNames: ['queue'],
      registers,
    }),
  }
}
