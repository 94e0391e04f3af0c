import { createHash } from 'node:crypto'
import { BackupError } from './errors.ts'
import { formerBackups } from './former-backups.ts'
import { type AttemptFacts, judgeAttempt } from './judge-attempt.ts'
import { slotKey } from './layout.ts'
import { readSlot } from './slot.ts'
import { sweepAttempt } from './sweep-attempt.ts'
import type { SweepDeps, SweepRequest } from './sweep-request.ts'
import { type AttemptScan, scanPlan } from './sweep-scan.ts'
import type { SweepTally } from './sweep-tally.ts'

export interface PlanSweep extends SweepRequest {
  readonly plan: SweepRequest['plans'][number]
}

/** A void is a few hundred bytes, a manifest more than a thousand: what is larger is not read. */
const largestVoid = 1024

/** Looks at every attempt of one plan and removes those that are nobody's. */
export async function sweepPlan(
  deps: SweepDeps,
  request: PlanSweep,
  tally: SweepTally,
): Promise<void> {
  const { storage, signal, witness } = deps
  const scan = await scanPlan(storage, request.plan.name, signal)
  tally.foreign.push(...scan.foreign)
  const open = scan.attempts.filter(isWorthALook)
  if (open.length === 0) return
  // Behind the scan: see the head of sweep.ts.
  const live = await witness.liveAttempts([request.plan.name])
  const shared = {
    live,
    rememberedForMs: await witness.rememberedForMs(),
    former: await formerBackups(storage, request.plan.name, { open, signal }),
  }
  for (const attempt of open) {
    signal.throwIfAborted()
    const ref = `${attempt.plan}/${attempt.backup}`
    try {
      const facts = await factsOf(deps, request, { attempt, shared })
      const verdict = judgeAttempt(attempt, facts)
      await sweepAttempt(deps, request, { attempt, verdict, tally })
    } catch (error) {
      signal.throwIfAborted()
      tally.fail(ref, error)
    }
  }
}

/** Most attempts are backups with nothing beside them: one look at the listing tells. */
function isWorthALook({ slot, uploads }: AttemptScan): boolean {
  return slot === null || slot.bytes <= largestVoid || uploads.length > 0
}

interface SharedFacts {
  readonly live: ReadonlySet<string>
  readonly rememberedForMs: number
  readonly former: ReadonlySet<string>
}

async function factsOf(
  deps: SweepDeps,
  request: PlanSweep,
  given: { readonly attempt: AttemptScan; readonly shared: SharedFacts },
): Promise<AttemptFacts> {
  const { attempt, shared } = given
  const ref = `${attempt.plan}/${attempt.backup}`
  const slot = await lookAtSlot(deps, attempt)
  return {
    ...slot,
    nowMs: deps.clock.now(),
    graceMs: request.graceMs,
    retentionGraceMs: request.plan.retentionGraceMs,
    isLive: shared.live.has(ref),
    wasBackup: shared.former.has(attempt.backup),
    rememberedForMs: shared.rememberedForMs,
    seenForMs: await deps.witness.seenForMs(`${deps.storage.location} ${ref}`, stateOf(attempt), {
      isLookOnly: request.isDryRun,
    }),
  }
}

async function lookAtSlot(
  { storage, signal }: SweepDeps,
  { plan, backup }: AttemptScan,
): Promise<Pick<AttemptFacts, 'slot' | 'voidedAtMs'>> {
  try {
    const slot = await readSlot(storage, slotKey(plan, backup), signal)
    const voidedAtMs = slot?.kind === 'void' ? Date.parse(slot.void.at) : 0
    return { slot: slot?.kind ?? 'free', voidedAtMs }
  } catch (error) {
    if (error instanceof BackupError) return { slot: 'unreadable', voidedAtMs: 0 }
    throw error
  }
}

/** Differs whenever somebody has written to the attempt in between. */
function stateOf({ objects, uploads, notes }: AttemptScan): string {
  const lines = [
    ...objects.map(({ key, versionId, bytes }) => `${key} ${versionId ?? ''} ${bytes}`),
    ...uploads.map(({ key, uploadId, parts, bytes }) => `${key} ${uploadId} ${parts} ${bytes}`),
    ...notes.map(({ key }) => key),
  ]
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex')
}
