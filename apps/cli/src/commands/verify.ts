import { Command } from 'commander'
import { type CommandContext, openSession } from '../command-context.ts'
import { identityOption } from './identity-option.ts'

export function defineVerify(context: CommandContext): Command {
  return new Command('verify')
    .description('compare what is stored with the manifest, and note the result beside the backup')
    .argument('<ref>', 'PLAN or PLAN/latest (newest good one), or PLAN/ID')
    .option('--deep', 'open it too: every frame, every entry, the index')
    .addOption(identityOption())
    .action(async (ref: string, flags: { deep?: boolean }, command: Command) => {
      const { verify } = await import('../actions/verify.ts')
      await verify(openSession(context, command), ref, flags.deep === true ? 'deep' : 'stored')
    })
}
