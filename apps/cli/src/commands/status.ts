import { Command } from 'commander'
import type { StatusOptions } from '../actions/status.ts'
import { type CommandContext, openSession } from '../command-context.ts'

export function defineStatus(context: CommandContext): Command {
  return new Command('status')
    .description('how every plan is doing, worst first')
    .option('--check', 'exit 1 when a plan is overdue, failed, suspect or cannot be judged')
    .action(async (options: StatusOptions, command: Command) => {
      const { status } = await import('../actions/status.ts')
      await status(openSession(context, command), options)
    })
}
