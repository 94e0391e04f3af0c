/**
 * The sweep: removes what no manifest and no live run accounts for.
 *
 * The last line of clean-up, for attempts whose process and Redis are gone. It looks first and asks
 * afterwards who is alive: a run that began in between had itself written down before its first byte.
 * Every attempt is voided before anything of it is removed, so that one which is alive after all can
 * only fail, and never commit what is not whole. Safe to repeat, and to run twice at a time.
 */
import { ownerMarkKey } from './layout.ts'
import { assertNotForeign, readOwner } from './owner-mark.ts'
import { sweepPlan } from './sweep-plan.ts'
import type { SweepDeps, SweepReport, SweepRequest } from './sweep-request.ts'
import { SweepTally } from './sweep-tally.ts'

/** Rejects with `foreign-prefix` where another installation's mark stands; goes on past what fails. */
export async function sweepStorage(deps: SweepDeps, request: SweepRequest): Promise<SweepReport> {
  const { storage, signal } = deps
  await assertNotForeign(storage, request.installation, signal)
  const tally = new SweepTally()
  if ((await readOwner(storage, signal)) === undefined) return tally.report('unclaimed')
  await lookAtTop(deps, request, tally)
  for (const plan of request.plans) await sweepPlan(deps, { ...request, plan }, tally)
  return tally.report(request.isDryRun ? 'dry-run' : 'swept')
}

const probeKey = /^\.backstream-probe-[0-9a-f-]{36}(?:\/|$)/
const planName = /^[a-z0-9][a-z0-9-]{0,62}$/

/** What stands beside the plans. */
async function lookAtTop(deps: SweepDeps, request: SweepRequest, tally: SweepTally): Promise<void> {
  const { storage, signal, clock } = deps
  const known = new Set(request.plans.map(({ name }) => name))
  for await (const item of storage.listLevel('', { signal })) {
    if (item.kind === 'prefix') {
      const name = item.prefix.slice(0, -1)
      if (known.has(name)) continue
      if (planName.test(name)) tally.unknownPlans.push(name)
      else tally.foreign.push(item.prefix)
      continue
    }
    if (item.key === ownerMarkKey) continue
    const isOld = clock.now() - item.lastModifiedMs >= request.graceMs
    if (!probeKey.test(item.key)) tally.foreign.push(item.key)
    else if (isOld) await removeProbe(deps, request, { tally, key: item.key, bytes: item.bytes })
  }
}

/** What was written to find out what the store honours, by a process that did not come to remove it. */
async function removeProbe(
  { storage, signal }: SweepDeps,
  { isDryRun }: SweepRequest,
  probe: { readonly tally: SweepTally; readonly key: string; readonly bytes: number },
): Promise<void> {
  const { tally, key, bytes } = probe
  try {
    if (!isDryRun) await storage.delete(key, { signal })
    tally.swept.push({ ref: key, reason: 'probe', uploads: 0, objects: 1, bytes })
  } catch (error) {
    signal.throwIfAborted()
    tally.fail(key, error)
  }
}
