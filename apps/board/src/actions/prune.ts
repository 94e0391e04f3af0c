import { type PruneReport, pruneBlocksOf, prunePlan } from '@backstream/backup'
import { localTime, type Plan } from '@backstream/config'
import { BoardError } from '../board-error.ts'
import type { ActionDeps, ActionMaker } from './action.ts'

/** Retention by hand, with the verdicts said first: what a held pruning waits for. */
export const confirmPrune: ActionMaker = async (deps, { plan }) => {
  const preview = await prune(deps, plan, { by: 'the board', isConfirmed: false })
  const going = preview.verdicts.filter(({ isKept }) => !isKept)
  const kept = preview.verdicts.length - going.length
  const [oldest, newest] = [going.at(-1)?.backup, going[0]?.backup]
  return {
    ...{ name: 'prune', subject: plan.name, isDangerous: true },
    label: `Remove ${going.length} of ${counted(preview.verdicts.length)}`,
    says: [
      `No rule of the retention keeps ${counted(going.length)}, the oldest ${oldest}, the newest ${newest}. ${kept} ${kept === 1 ? 'stays' : 'stay'}.`,
      ...(going.length > preview.limit
        ? [
            `That is more than the ${preview.limit} that may go by themselves, and so somebody has to agree.`,
          ]
        : []),
      `They are gone from all lists at once. Their bytes stay until the sweep; until then \`backstream prune ${plan.name}/ID --undo\` brings one back.`,
    ],
    refusal: refusalOf(preview, going.length),
    async perform(by) {
      await using _lease = await deps.leasePlan(plan.name, `prune by ${by} on the board`)
      const { removed, failures } = await prune(deps, plan, { by, isConfirmed: true })
      const [failed] = failures
      if (failed) {
        throw new BoardError('refused', `${failed.backup} could not be removed: ${failed.message}`)
      }
      return `${counted(removed.length)} of ${plan.name} removed.`
    },
  }
}

function counted(backups: number): string {
  return backups === 1 ? '1 backup' : `${backups} backups`
}

function refusalOf({ blocks }: PruneReport, going: number): string | null {
  if (going === 0) return 'Every backup is kept by some rule: there is nothing to remove.'
  if (blocks.length === 0) return null
  return `Nothing is removed while the plan is ${blocks.join(' and ')}: old backups are worth more then.`
}

async function prune(
  { state, openMaintenance, installation, clock, signal }: ActionDeps,
  plan: Plan,
  { by, isConfirmed }: { readonly by: string; readonly isConfirmed: boolean },
): Promise<PruneReport> {
  const row = state.overview().plans.find((each) => each.plan === plan.name)
  const { retention } = plan
  return await prunePlan(
    { storage: await openMaintenance(plan.storage), clock, signal },
    {
      ...{ installation, plan: plan.name, policy: retention, by, isConfirmed },
      localTime: (ms) => localTime(retention?.timezone ?? 'UTC', ms),
      blocks: row ? pruneBlocksOf(row) : [],
      despite: [],
      isDryRun: !isConfirmed,
    },
  )
}
