import { renderTable } from '../render-table.ts'
import type { RedisFigures } from './measure-redis.ts'
import type { Lateness } from './simulate-lateness.ts'

export interface SimulatedRow extends Lateness {
  readonly text: string
  readonly places: number
}

export interface ScalingFigures {
  readonly plans: number
  readonly medianRunMs: number
  readonly sigma: number
  readonly days: number
  readonly rows: readonly SimulatedRow[]
  readonly redis: RedisFigures
}

/** docs/scaling.md: what was measured here between what follows from how it is built. */
export function renderScaling(figures: ScalingFigures): string {
  const { plans, medianRunMs, days, rows, redis } = figures
  const kibibytes = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`
  return `# Scaling

What a backup costs as sizes, files, plans and workers grow. The figures of plans and Redis are written by
\`npm run bench:scaling\`; those of single backups stand in \`docs/benchmarks.md\`.

## One backup

| grows with | cost |
|---|---|
| bytes read | CPU and time, in proportion; memory does not grow |
| bytes stored | parts of 16 MiB, one request each; a volume ends at 10,000 parts (156 GiB) and the next one begins, so no size ends a backup |
| files | an open, two looks, a read and a close each; 80 bytes to 130 bytes of the index, stored; memory does not grow, but for 16 bytes a frame of 4 MiB (4 MiB for each TiB) and a note for each file with several names whose others are still to come |
| depth of the tree | one open directory for each level |
| runs at a time in one worker | up to 110 MiB of memory each: 48 MiB of parts, 24 MiB of slabs, 20 MiB of frames, a thread that reads and one that hashes |
| archives restored in part | the index's footer (16 bytes a frame), one index frame of 1 MiB plain, and the frames that hold the files |

## Plans

${plans} plans, runs of ${medianRunMs / 1000} s in the median (log-normal, sigma ${figures.sigma}), ${days} days on a simulated clock, with the due times
of the real schedules. *Places* are runs at a time over all workers (\`--concurrency\`, 2 a worker by default).
Late is how long after its due time a run began; skipped were those due while the same plan's last one was not done.

${renderTable({
  head: ['schedule', 'places', 'runs', 'late, p50', 'p99', 'longest', 'skipped', 'places in use'],
  rows: rows.map((row) => [
    row.text,
    String(row.places),
    String(row.runs),
    duration(row.p50Ms),
    duration(row.p99Ms),
    duration(row.maxMs),
    String(row.skipped),
    `${(row.utilization * 100).toFixed(0)} %`,
  ]),
})}
Backups all due at one moment wait for one another, however many workers there are: \`jitter\` spreads them, and
\`every\` spreads them by itself.

## Redis

${renderTable({
  head: ['', 'measured'],
  rows: [
    ['memory for each plan, its schedule and next run', kibibytes(redis.bytesPerPlan)],
    ['memory for each run that is kept', kibibytes(redis.bytesPerKeptRun)],
    [`${plans} schedules written`, `${(redis.reconcileMs.first / 1000).toFixed(1)} s`],
    [
      `${plans} schedules compared, nothing to do`,
      `${(redis.reconcileMs.again / 1000).toFixed(1)} s`,
    ],
    [
      'runs of no work through one worker of 20 places',
      `${redis.runsPerSecond.toFixed(0)} a second`,
    ],
  ],
})}
Of a plan the last 200 runs that were completed and 100 that failed are kept: ${plans} plans that have been running for
long come to ${((plans * (redis.bytesPerPlan + 200 * redis.bytesPerKeptRun)) / 2 ** 20).toFixed(0)} MiB, and to ${((plans * (redis.bytesPerPlan + 300 * redis.bytesPerKeptRun)) / 2 ** 20).toFixed(0)} MiB if as many as are kept have failed too. Redis may be lost at any time: the bucket is the truth.

## The bucket

Listing a plan reads one key for each backup, a thousand a request. The board and \`status\` remember manifests they have
read: after the first look they read what is new. The sweep of a plan lists all below it, four times a day.
`
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`
}
