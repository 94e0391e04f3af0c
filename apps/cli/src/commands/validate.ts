import { Command } from 'commander'
import { type CommandContext, openSession } from '../command-context.ts'

export function defineValidate(context: CommandContext): Command {
  return new Command('validate')
    .description('check the configuration alone: every problem, next runs, what is kept')
    .action(async (_options: unknown, command: Command) => {
      const { validate } = await import('../actions/validate.ts')
      await validate(openSession(context, command))
    })
}
