import { Command } from 'commander'
import metadata from '../../package.json' with { type: 'json' }
import type { CommandContext } from '../command-context.ts'
import { describeGrammar } from '../grammar.ts'

export function defineMan(context: CommandContext): Command {
  return new Command('man')
    .description('the man page, for `man -l -`')
    .action(async (_options: unknown, command: Command) => {
      const { renderManPage } = await import('../output/man-page.ts')
      const { version } = metadata
      context.stdout.write(renderManPage(describeGrammar(command.parent ?? command), { version }))
    })
}
