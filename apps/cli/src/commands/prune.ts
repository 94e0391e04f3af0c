import type { PruneBlock } from '@backstream/backup'
import { Command, Option } from 'commander'
import { type CommandContext, openSession } from '../command-context.ts'

interface Flags {
  readonly dryRun?: boolean
  readonly confirm?: boolean
  readonly despite?: readonly PruneBlock[]
  readonly undo?: boolean
}

/** Written out once more: what prunes is loaded when something is to be pruned. */
const troubles: Readonly<Record<PruneBlock, true>> = { failed: true, suspect: true, overdue: true }

export function definePrune(context: CommandContext): Command {
  return new Command('prune')
    .description('remove what retention does not keep; each backup with the reason')
    .argument('[plan]', 'only this one (default: all that have a retention); with --undo PLAN/ID')
    .option('-n, --dry-run', 'say what would be kept and what would go')
    .option('--confirm', 'do not ask; however many would go')
    .addOption(
      new Option(
        '--despite <trouble...>',
        'although the last run failed, or the newest good backup is suspect or overdue',
      ).choices(Object.keys(troubles)),
    )
    .option('--undo', 'bring a pruned backup back, within retention.grace')
    .action(async (plan: string | undefined, flags: Flags, command: Command) => {
      const { prune, undo } = await import('../actions/prune.ts')
      const session = openSession(context, command)
      if (flags.undo) return await undo(session, plan)
      await prune(session, {
        plan,
        isDryRun: flags.dryRun === true,
        isConfirmed: flags.confirm === true,
        despite: flags.despite ?? [],
      })
    })
}
