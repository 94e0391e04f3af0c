import { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import { type CommandContext, openSession } from '../command-context.ts'

export function defineNotify(context: CommandContext): Command {
  return new Command('notify')
    .description('tell somebody of `notify` that this is a test')
    .argument('<name>', 'a name of `notify` in the configuration')
    .option('--test', 'send a test; there is nothing else to send by hand')
    .action(async (name: string, flags: { test?: boolean }, command: Command) => {
      if (flags.test !== true) {
        throw new CliError('usage', 'nothing but a test is sent by hand', {
          remedy: `Say \`backstream notify ${name} --test\`.`,
        })
      }
      const { sendTest } = await import('../actions/notify.ts')
      await sendTest(openSession(context, command), name)
    })
}
