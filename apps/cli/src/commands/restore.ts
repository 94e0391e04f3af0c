import { Command, Option } from 'commander'
import type { RestoreOptions } from '../actions/restore.ts'
import { notYet } from '../cli-error.ts'
import { type CommandContext, openSession } from '../command-context.ts'
import { identityOption } from './identity-option.ts'

/** Known flags of later versions: answered, never ignored. */
const later = [
  new Option('--into <target>', 'put a database back: not yet in this version'),
  new Option('--into-password-file <file>', 'not yet in this version').hideHelp(),
  new Option('--source <at>', 'one source of several: not yet in this version'),
  new Option('--overwrite <when>', 'into a directory that is not empty: not yet in this version'),
  new Option('--detach', 'let a worker do it: not yet in this version'),
]

export function defineRestore(context: CommandContext): Command {
  const command = new Command('restore')
    .description('bring a backup back into an empty directory, every byte compared')
    .argument('<ref>', 'PLAN, PLAN/latest (newest good one) or PLAN/ID')
    .option('--to <dir>', 'new or empty directory')
    .option('--path <path...>', 'only what lies there and below; * ? [ ] and ** match')
    .option('--before <time>', 'newest good backup that had finished by then: ISO 8601, or 36h')
    .option('--from <address>', 's3://BUCKET/PREFIX: no configuration, AWS_* variables')
    .addOption(identityOption())
    .option('-n, --dry-run', 'say what would be restored')
    .option('--yes <plan>', 'restore into / or $HOME all the same')
  for (const option of later) command.addOption(option)
  return command.action(async (ref: string, options: RestoreOptions, self: Command) => {
    for (const option of later) {
      if (self.getOptionValue(option.attributeName()) !== undefined) throw notYet(option.long ?? '')
    }
    const { restore } = await import('../actions/restore.ts')
    await restore(openSession(context, self), ref, options)
  })
}
