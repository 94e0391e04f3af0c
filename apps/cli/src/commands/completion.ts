import { Argument, Command } from 'commander'
import { type CommandContext, openSession } from '../command-context.ts'
import { describeGrammar } from '../grammar.ts'

const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

export function defineCompletion(context: CommandContext): Command {
  const completion = new Command('completion')
    .description('a script that completes commands, options and plans in a shell')
    .addArgument(new Argument('<shell>', 'for which shell').choices(shells))
    .action(async (shell: Shell, _options: unknown, command: Command) => {
      const grammar = describeGrammar(command.parent ?? command)
      context.stdout.write((await renderers[shell]())(grammar))
    })
  completion.addCommand(definePlans(context), { hidden: true })
  return completion
}

/** For those scripts: the names of the plans, one a line. */
function definePlans(context: CommandContext): Command {
  return new Command('plans').action(async (_options: unknown, command: Command) => {
    const { plans } = await openSession(context, command).config()
    for (const { name } of plans) context.stdout.write(`${name}\n`)
  })
}

const renderers = {
  bash: async () => (await import('../output/completion-bash.ts')).renderBashCompletion,
  zsh: async () => (await import('../output/completion-zsh.ts')).renderZshCompletion,
  fish: async () => (await import('../output/completion-fish.ts')).renderFishCompletion,
}
