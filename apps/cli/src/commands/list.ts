import { Command } from 'commander'
import { type CommandContext, openSession } from '../command-context.ts'

export function defineList(context: CommandContext): Command {
  return new Command('list')
    .description('backups in the bucket, newest first')
    .argument('[plan]', 'only this one (default: all, also those the configuration has no more)')
    .action(async (plan: string | undefined, _options: unknown, command: Command) => {
      const { list } = await import('../actions/list.ts')
      await list(openSession(context, command), plan)
    })
}
