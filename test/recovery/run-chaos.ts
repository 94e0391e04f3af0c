import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { seededTree, temporaryDirectory, waitFor } from '@backstream/testkit'
import { endOfRun, isUnderWay, sweep } from './after-check.ts'
import { auditBucket, type BucketAudit } from './audit-bucket.ts'
import { auditQueue, type QueueAudit } from './audit-queue.ts'
import { openAuditStore } from './audit-store.ts'
import { blowsFrom, type ChaosBlow, strikeAtRandom } from './chaos-blows.ts'
import { hardlyEver } from './plans.ts'
import { openStand, type Stand } from './stand.ts'

export interface ChaosOptions {
  readonly kills: number
  readonly seed: number
  say(line: string): void
  onBlow?(blow: ChaosBlow & { readonly said: string }): void
  /** What the processes logged lately, when something is wrong at the end. */
  onTrouble?(logs: string): void
}

export interface ChaosOutcome {
  readonly kills: number
  /** That the queue was seen to have, those that were skipped among them. */
  readonly runs: number
  /** Manifests in the bucket. */
  readonly committed: number
  /**
   * What does not account for the other: objects and uploads without a manifest after clean-ups and
   * one sweep, manifests without their whole objects or of a run that is said to have failed.
   */
  readonly orphans: number
  /** Manifests beyond the first of one run, or of one fence. */
  readonly duplicates: number
  /** Leases and locks that are held, runs that do not end, plans whose next run does not go well. */
  readonly stuck: number
  readonly problems: readonly string[]
}

const scripted = ['quick', 'slow-1', 'slow-2', 'slow-3', 'moody-1', 'moody-2'] as const
const schedule = { every: '7s' }
const mebibyte = 1024 * 1024

export async function runChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const { say, kills } = options
  await using folder = await temporaryDirectory('chaos')
  await seededTree(folder.path, { files: 200, bytes: 4_000_000, seed: 5 })
  const tree = { schedule: hardlyEver, source: { kind: 'directory', path: folder.path } }
  await using stand = await openStand({
    plans: scripted,
    furtherPlans: { tree: { ...tree, compression: { algorithm: 'zstd' } } },
    schedule,
    contentBytes: { first: 13 * mebibyte, rest: mebibyte },
    workers: 3,
    schedulers: 2,
  })
  await setMoods(stand, true)
  say(`seed ${options.seed}: 3 workers, 2 schedulers, ${stand.config.plans.length} plans`)
  const runs = new Set<string>()
  await using load = startLoad(stand, runs)
  await strikeAll(stand, options)
  await load[Symbol.asyncDispose]()
  say('all blows are struck: everybody may get up')
  const next = await calmDown(stand, runs)
  const outcome = await judge(stand, { kills, runs, next })
  if (outcome.problems.length > 0) options.onTrouble?.(logsOf(stand))
  return outcome
}

/** What makes runs last, and fail now and then; none of it is there at the end. */
async function setMoods(stand: Stand, isMoody: boolean): Promise<void> {
  for (const plan of scripted) {
    const mood = { slow: 'slowly', mood: 'moody' }[plan.slice(0, 4)]
    if (mood === undefined) continue
    const file = join(stand.folderOf(plan), mood)
    await (isMoody ? writeFile(file, '') : rm(file, { force: true }))
  }
}

/** Starts runs by hand whenever nobody waits, and notes all runs there are. */
function startLoad(stand: Stand, runs: Set<string>): AsyncDisposable {
  const stopping = new AbortController()
  const names = stand.config.plans.map(({ name }) => name)
  let turn = 0
  async function press(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const queue = await look(stand, runs)
        const waiting = queue.jobs.filter((job) => isUnderWay(job) && job.state === 'wait')
        if (waiting.length < 2) {
          const plan = stand.planNamed(names[turn++ % names.length] ?? '')
          await stand.producer.enqueueRun({ plan, trigger: 'manual' })
        }
      } catch {
        // Redis is away: that is one of the blows.
      }
      await sleep(400, undefined, { signal: stopping.signal }).catch(() => {
        // Stopped.
      })
    }
  }
  const pressing = press()
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await pressing
    },
  }
}

async function look(stand: Stand, runs: Set<string>): Promise<QueueAudit> {
  const queue = await auditQueue(stand.redis.url, stand.name)
  for (const job of queue.jobs) {
    if (job.queue === 'backups' && !job.isArmed) runs.add(job.id)
  }
  return queue
}

async function strikeAll(stand: Stand, options: ChaosOptions): Promise<void> {
  const aftermath = new Set<Promise<void>>()
  let struck = 0
  for (const blow of blowsFrom(options.seed, options.kills)) {
    const said = await strikeAtRandom(stand, blow, aftermath)
    struck += 1
    options.say(`${String(struck).padStart(5)}  ${said}`)
    options.onBlow?.({ ...blow, said })
  }
  await Promise.all(aftermath)
}

const calmWithinMs = 180_000

/** Schedules rest, runs end, clean-ups are done, and then each plan runs once more. */
async function calmDown(stand: Stand, runs: Set<string>): Promise<string[]> {
  await setMoods(stand, false)
  await stand.reschedule(hardlyEver)
  await Promise.all(stand.schedulers.map((machine) => machine.terminate()))
  const machines = [...stand.workers, ...stand.schedulers]
  for (const machine of machines) machine.start()
  await Promise.all(machines.map((machine) => machine.ready()))
  await waitForRest(stand, runs)
  const next: string[] = []
  for (const plan of stand.config.plans) {
    const ref = await stand.producer.enqueueRun({ plan, trigger: 'manual' })
    next.push(ref.jobId)
  }
  for (const jobId of next) await endOfRun(stand, jobId).catch(() => undefined)
  await waitForRest(stand, runs)
  return next
}

/** Not an error when it does not come: what is still under way is counted as stuck. */
async function waitForRest(stand: Stand, runs: Set<string>): Promise<void> {
  const isAtRest = async () => !(await look(stand, runs)).jobs.some(isUnderWay)
  await waitFor(isAtRest, { timeoutMs: calmWithinMs, what: 'rest' }).catch(() => undefined)
}

async function judge(
  stand: Stand,
  seen: {
    readonly kills: number
    readonly runs: ReadonlySet<string>
    readonly next: readonly string[]
  },
): Promise<ChaosOutcome> {
  const swept = await sweep(stand)
  using store = openAuditStore(stand.s3)
  const bucket = await auditBucket(store, {
    contentOf: (plan) => (plan === 'tree' ? undefined : stand.content.sha256),
  })
  const queue = await auditQueue(stand.redis.url, stand.name)
  const orphans = [
    ...bucket.orphans.map((key) => `orphan: ${key}`),
    ...bucket.broken.map((problem) => `orphan: not whole: ${problem}`),
    ...lies(queue, bucket),
  ]
  const stuck = [
    ...stuckIn(stand, queue),
    ...failedNext(queue, seen.next),
    ...swept.map((problem) => `stuck: ${problem}`),
  ]
  return {
    kills: seen.kills,
    runs: seen.runs.size,
    committed: bucket.backups.length,
    orphans: orphans.length,
    duplicates: bucket.duplicates.length,
    stuck: stuck.length,
    problems: [...orphans, ...bucket.duplicates.map((twice) => `duplicate: ${twice}`), ...stuck],
  }
}

/** Where the queue says one thing of a run and the bucket another. */
function lies(queue: QueueAudit, bucket: BucketAudit): string[] {
  const made = new Map(bucket.backups.map(({ jobId, backup }) => [jobId, backup]))
  return queue.jobs.flatMap(({ id, state, result, failedReason }) => {
    const backup = made.get(id)
    if (state === 'failed' && backup) {
      return [`orphan: ${backup} is of ${id}, which is said to have failed: ${failedReason}`]
    }
    if (state === 'completed' && result?.outcome === 'committed' && backup !== result.backup) {
      return [`orphan: ${id} is said to have made ${result.backup}, and there is ${backup}`]
    }
    return state === 'failed' && failedReason === '' ? [`orphan: ${id} failed without a word`] : []
  })
}

function stuckIn(stand: Stand, queue: QueueAudit): string[] {
  return [
    ...[...stand.workers, ...stand.schedulers]
      .filter(({ falls }) => falls > 0)
      .map(({ name, falls }) => `stuck: ${name} ended by itself ${falls} times`),
    ...queue.held.map((key) => `stuck: ${key} is held`),
    ...queue.jobs
      .filter(isUnderWay)
      .map(({ id, state, queue: name }) => `stuck: ${id} of ${name} is ${state}`),
    ...queue.jobs
      .filter((job) => job.queue === 'maintenance' && job.state === 'failed')
      .map(({ id, failedReason }) => `stuck: the clean-up ${id} failed: ${failedReason}`),
    ...stand.config.plans
      .filter(({ name }) => !queue.scheduled.includes(name))
      .map(({ name }) => `stuck: ${name} has no schedule any more`),
  ]
}

function failedNext(queue: QueueAudit, next: readonly string[]): string[] {
  return next.flatMap((jobId) => {
    const job = queue.jobs.find(({ id }) => id === jobId)
    if (job?.state === 'completed' && job.result?.outcome === 'committed') return []
    const end = job ? job.failedReason || JSON.stringify(job.result) : 'gone'
    return [`stuck: the next run ${jobId} ended: ${end}`]
  })
}

function logsOf(stand: Stand): string {
  return [...stand.workers, ...stand.schedulers]
    .map((machine) => `=== ${machine.name}\n${machine.log()}`)
    .join('\n')
}
