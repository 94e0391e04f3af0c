import { Command } from 'commander'
import { type CommandContext, openSession } from '../command-context.ts'
import { identityOption } from './identity-option.ts'

export function defineDrill(context: CommandContext): Command {
  return new Command('drill')
    .description('restore the newest good backup into a scratch place, check it, note the result')
    .argument('<plan>', 'a plan of the configuration')
    .option('--here', 'in this process, although the plan names a worker for it')
    .addOption(identityOption())
    .action(async (plan: string, flags: { here?: boolean }, command: Command) => {
      const { drill } = await import('../actions/drill.ts')
      await drill(openSession(context, command), plan, { isHere: flags.here === true })
    })
}
