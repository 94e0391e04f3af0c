import { Command } from 'commander'
import { type CommandContext, openSession } from '../command-context.ts'

export function defineShow(context: CommandContext): Command {
  return new Command('show')
    .description('one manifest in words, and the commands that restore it by hand')
    .argument('<ref>', 'PLAN, PLAN/latest or PLAN/ID')
    .action(async (ref: string, _options: unknown, command: Command) => {
      const { show } = await import('../actions/show.ts')
      await show(openSession(context, command), ref)
    })
}
