import { Command } from 'commander'
import type { InitOptions } from '../actions/init-answers.ts'
import { type CommandContext, openSession } from '../command-context.ts'

export function defineInit(context: CommandContext): Command {
  return new Command('init')
    .description('look at what is to be backed up and write a first configuration')
    .option(
      '--path <dir>',
      'directory to back up; this and the next may be said several times',
      collect,
    )
    .option('--postgres <uri>', 'postgres://USER@HOST/DATABASE, without a password', collect)
    .option('--mysql <uri>', 'mysql://USER@HOST/DATABASE', collect)
    .option('--mariadb <uri>', 'mariadb://USER@HOST/DATABASE', collect)
    .option('--mongodb <uri>', 'mongodb://USER@HOST/DATABASE', collect)
    .option('--redis <uri>', 'redis://USER@HOST:PORT, as a thing to back up', collect)
    .option('--sqlite <file>', 'an SQLite file', collect)
    .option('--password-file <file>', 'with the password of the one database that is named')
    .option('--storage <address>', 's3://BUCKET/PREFIX')
    .option('--endpoint <url>', 'of a store other than AWS')
    .option('--region <region>', 'of the bucket')
    .option('--no-encryption', 'make no key: whoever can read the bucket can read the backups')
    .option('--no-probe', 'write it without looking at the databases')
    .option('--force', 'replace a configuration that is there; never a key or a .env')
    .action(async (options: InitOptions, command: Command) => {
      const session = openSession(context, command)
      const { init } = await import('../actions/init.ts')
      await init(session, options, command.optsWithGlobals())
    })
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
