import { Command } from 'commander'
import { type CommandContext, openSession } from '../command-context.ts'

interface Flags {
  readonly dryRun?: boolean
  readonly confirm?: boolean
  readonly grace?: string
}

export function defineSweep(context: CommandContext): Command {
  return new Command('sweep')
    .description('remove what no manifest and no live run accounts for')
    .option('-n, --dry-run', 'say what would go and what is waited for')
    .option('--confirm', 'do not ask')
    .option('--grace <duration>', 'leave alone what was written to within this (default: 24h)')
    .action(async (flags: Flags, command: Command) => {
      const { sweep } = await import('../actions/sweep.ts')
      await sweep(openSession(context, command), {
        isDryRun: flags.dryRun === true,
        isConfirmed: flags.confirm === true,
        grace: flags.grace,
      })
    })
}
