/**
 * Looks at what the buckets say of each plan, and tells of what is news; also of verifications and drills
 * that could not be done, of which no bucket says anything.
 *
 * Nothing here asks the queue whether backups are made: a plan that no worker and no schedule has heard
 * of is as overdue as any other. Of several schedulers each looks; the ids of what they tell are the
 * same, so that each is told once. A bucket that cannot be read tells nothing, neither good nor bad.
 */
import {
  type BackupMemory,
  type BackupStanding,
  createBackupMemory,
  decideAlarms,
  type HeldPrune,
  heldPrune,
  listUnknownPlans,
  readStandings,
  retentionBackupOf,
  type Told,
  type UndoneProof,
} from '@backstream/backup'
import { type Config, localTime, type Plan } from '@backstream/config'
import { type Clock, describeError, type Logger } from '@backstream/kernel'
import type { Tell } from '@backstream/notify'
import type { AlarmMemory, FailedProof, ProofMemory } from '@backstream/queue'
import type { Storage } from '@backstream/storage'

export interface PlanWatchDeps {
  readonly alarms: AlarmMemory
  /** Verifications and drills that used up their attempts. */
  readonly proofs: ProofMemory
  readonly tell: Tell
  /** By name of the storage. */
  openStorage(config: Config, name: string): Promise<Storage & AsyncDisposable>
  readonly clock: Clock
  readonly logger: Logger
}

/** Plans that are not well, or of which nobody can tell, with the reason in words. */
export type Ills = ReadonlyMap<string, string>

/** Rejects when Redis cannot be asked what was told already: then nothing is told either. */
export type PlanWatch = (config: Config, signal: AbortSignal) => Promise<Ills>

const readWithinMs = 120_000

export function createPlanWatch(deps: PlanWatchDeps): PlanWatch {
  const memory = createBackupMemory()
  return async (config, signal) => {
    const plans = config.plans.filter(({ enabled }) => enabled)
    const names = plans.map(({ name }) => name)
    const since = await deps.alarms.seenSince(names, deps.clock.now())
    const told = await deps.alarms.recall()
    await deps.proofs.forgetAllBut(names)
    const failedProofs = await deps.proofs.recall()
    const look: Look = {
      ...{ ...deps, config, plans, since, told, failedProofs, memory, signal },
      ills: new Map(),
    }
    const unknown = new Set<string>()
    let isWholeLook = true
    for (const storage of Object.keys(config.storages)) {
      isWholeLook = (await lookAtStorage(look, storage, unknown)) && isWholeLook
    }
    await forgetGone(look, unknown, isWholeLook)
    return look.ills
  }
}

interface Look extends PlanWatchDeps {
  readonly config: Config
  readonly plans: readonly Plan[]
  readonly since: ReadonlyMap<string, number>
  readonly told: ReadonlyMap<string, readonly Told[]>
  readonly failedProofs: readonly FailedProof[]
  readonly memory: BackupMemory
  readonly signal: AbortSignal
  readonly ills: Map<string, string>
}

/** Says whether all of it could be read. */
async function lookAtStorage(look: Look, name: string, unknown: Set<string>): Promise<boolean> {
  const { config, logger } = look
  const plans = look.plans.filter(({ storage }) => storage === name)
  try {
    await using storage = await look.openStorage(config, name)
    const signal = AbortSignal.any([look.signal, AbortSignal.timeout(readWithinMs)])
    for (const plan of plans) await lookAtPlan(look, { plan, storage, signal })
    const known = new Set([...config.plans.map((plan) => plan.name), ...config.retired])
    const strangers = await listUnknownPlans(
      storage,
      { installation: config.name, plans: known },
      signal,
    )
    for (const stranger of strangers) {
      unknown.add(stranger)
      await tellOfStranger(look, stranger, storage.location)
    }
    return true
  } catch (error) {
    look.signal.throwIfAborted()
    const why = describeError(error)
    logger.warn(
      { storage: name, err: error },
      `the plans of the storage ${name} cannot be judged: ${why}`,
    )
    for (const plan of plans) look.ills.set(plan.name, `cannot be judged: ${why}`)
    return false
  }
}

async function lookAtPlan(
  look: Look,
  at: { readonly plan: Plan; readonly storage: Storage; readonly signal: AbortSignal },
): Promise<void> {
  const { alarms, tell, clock, memory } = look
  const { name: plan, overdueAfterMs } = at.plan
  const { standings } = await readStandings(at.storage, plan, { signal: at.signal, memory })
  const nowMs = clock.now()
  const expectedSinceMs = look.since.get(plan) ?? nowMs
  const told = (look.told.get(plan) ?? []).filter(({ event }) => event !== 'unknown-plan')
  const held = heldPruneOf(at.plan, standings, nowMs)
  const undone = undoneProofs(at.plan, look.failedProofs)
  const watched = { plan, overdueAfterMs, standings, expectedSinceMs, heldPrune: held, undone }
  const decision = decideAlarms(watched, told, nowMs)
  // Told before it is noted: whoever dies in between tells the same once more, under the same id.
  for (const { event, id, text, backup } of decision.news) {
    await tell({ event, id, text, plan, backup })
    await alarms.note(plan, { event, id, atMs: nowMs })
  }
  if (decision.recovered) await tell({ ...decision.recovered, event: 'recovered', plan })
  await alarms.forget(plan, decision.over)
  const [alarm] = decision.alarms
  const left = told.find(({ event }) => !decision.over.includes(event))
  if (alarm) look.ills.set(plan, alarm.text)
  else if (left) look.ills.set(plan, `${left.event} since ${new Date(left.atMs).toISOString()}`)
}

/** Only what the plan asks for by schedule: what somebody asked for by hand has told that one. */
function undoneProofs(
  { name, verify, drill, encryption }: Plan,
  failed: readonly FailedProof[],
): UndoneProof[] {
  // Encrypted, and no key for it: such a verification compares bytes only.
  const opens = encryption === null || verify?.identity != null
  return failed
    .filter(({ plan, kind }) => plan === name && (kind === 'drill' ? drill : verify) !== null)
    .map((proof) => (proof.kind === 'verify-deep' && !opens ? { ...proof, kind: 'verify' } : proof))
}

function heldPruneOf(
  { retention }: Plan,
  standings: readonly BackupStanding[],
  nowMs: number,
): HeldPrune | null {
  if (!retention) return null
  const history = standings.map(({ manifest: { backup, run }, ...facts }) =>
    retentionBackupOf({ ...facts, backup, startedAtMs: Date.parse(run.startedAt) }, nowMs),
  )
  const zonedTime = (ms: number) => localTime(retention.timezone, ms)
  return heldPrune(history, retention, { nowMs, localTime: zonedTime })
}

const unknownPlan = 'unknown-plan'

async function tellOfStranger(look: Look, plan: string, location: string): Promise<void> {
  const told = look.told.get(plan) ?? []
  if (told.some(({ event }) => event === unknownPlan)) return
  const id = `${unknownPlan}/${plan}/${location}`
  await look.tell({
    event: unknownPlan,
    id,
    plan,
    text: `${plan} has backups in ${location} and is in no configuration: it is neither made nor pruned. Name it in \`retired\` if that is meant`,
  })
  await look.alarms.note(plan, { event: unknownPlan, id, atMs: look.clock.now() })
}

/** Of plans that are gone or retired, and of strangers that are strangers no more. */
async function forgetGone(
  { alarms, told, plans }: Look,
  unknown: ReadonlySet<string>,
  isWholeLook: boolean,
): Promise<void> {
  for (const [plan, troubles] of told) {
    const isWatched = plans.some(({ name }) => name === plan)
    const over = troubles
      .map(({ event }) => event)
      .filter((event) => (event === unknownPlan ? isWholeLook && !unknown.has(plan) : !isWatched))
    await alarms.forget(plan, over)
  }
}
