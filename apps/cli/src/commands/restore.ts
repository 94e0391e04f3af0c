import { Command, Option } from 'commander'
import type { RestoreOptions } from '../actions/restore.ts'
import type { RestoreIntoOptions } from '../actions/restore-into.ts'
import { CliError } from '../cli-error.ts'
import { type CommandContext, openSession } from '../command-context.ts'
import { identityOption } from './identity-option.ts'

type Options = RestoreOptions & Partial<RestoreIntoOptions> & { readonly legacy?: boolean }

export function defineRestore(context: CommandContext): Command {
  const command = new Command('restore')
    .description('bring a backup back, whole or in part, every byte compared')
    .argument('<ref>', 'PLAN, PLAN/latest (newest good one) or PLAN/ID')
    .option('--to <dir>', 'new or empty directory')
    .option(
      '--into <target>',
      'a database: its address, without a password; or source: where it came from',
    )
    .option('--into-password-file <file>', 'where the password for that address stands')
    .option('--source <at>', 'only what one of several sources gave')
    .option('--path <path...>', 'only what lies there and below; * ? [ ] and ** match')
    .option('--before <time>', 'newest good backup that had finished by then: ISO 8601, or 36h')
    .option(
      '--as-of <time>',
      'from a bucket with versions, as it was then: before somebody removed it',
    )
    .option('--from <address>', 's3://BUCKET/PREFIX: no configuration, AWS_* variables')
    .addOption(identityOption())
    .addOption(
      new Option(
        '--overwrite <when>',
        'of what is there already: never, if-newer or always',
      ).choices(['never', 'if-newer', 'always']),
    )
    .option('--keep-setuid', 'leave set-user-id and set-group-id bits on files')
    .option('-n, --dry-run', 'say what would be restored')
    .option('--detach', 'as a job of a worker on this machine, into a new or empty directory')
    .option('--cancel-run', 'with --into source: end a run of the plan that is under way')
    .option('--legacy', "one of the predecessor's archives: REF is HOST, or HOST/ and its time")
    .option('--yes <plan>', 'over a source, and into / or $HOME: the name of the plan')
  return command.action(async (ref: string, options: Options, self: Command) => {
    if (options.detach && (options.legacy || options.into !== undefined)) {
      throw new CliError('usage', '--detach goes with --to', { remedy: 'Say --to DIR.' })
    }
    if (options.legacy) {
      const { restoreLegacy } = await import('../actions/legacy.ts')
      return await restoreLegacy(openSession(context, self), ref, options)
    }
    if (options.into !== undefined) {
      const { restoreInto } = await import('../actions/restore-into.ts')
      return await restoreInto(openSession(context, self), ref, {
        ...options,
        into: options.into,
      })
    }
    const { restore } = await import('../actions/restore.ts')
    await restore(openSession(context, self), ref, options)
  })
}
