import { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import { type CommandContext, openSession } from '../command-context.ts'

interface ListOptions {
  readonly legacy?: boolean
  readonly from?: string
  readonly limit?: string
}

export function defineList(context: CommandContext): Command {
  return new Command('list')
    .description('backups in the bucket, newest first')
    .argument('[plan]', 'only this one (default: all, also those the configuration has no more)')
    .option('--limit <count>', 'no more than the newest so many of each plan')
    .option('--legacy', "the predecessor's archives instead: HOST-YYYY-MM-DD-HH-MM-SS.tar.gz")
    .option('--from <address>', 'with --legacy: s3://BUCKET/PREFIX, and no configuration')
    .action(async (plan: string | undefined, options: ListOptions, command: Command) => {
      if (options.legacy) {
        const { listLegacy } = await import('../actions/legacy.ts')
        return await listLegacy(openSession(context, command), options.from)
      }
      if (options.from !== undefined) {
        throw new CliError('usage', '--from goes with --legacy', { remedy: 'Say --legacy too.' })
      }
      const { list } = await import('../actions/list.ts')
      await list(openSession(context, command), plan, options.limit)
    })
}
