import { Command } from 'commander'
import type { RunOptions } from '../actions/run.ts'
import { type CommandContext, openSession } from '../command-context.ts'

export function defineRun(context: CommandContext): Command {
  return new Command('run')
    .description('back up now: enqueue runs by hand')
    .argument('[plan...]', 'which plans')
    .option('--all', 'every plan that is enabled')
    .option('--wait', 'follow to the end; the exit status is the outcome')
    .option('--timeout <duration>', 'with --wait: stop watching after this (exit 124)')
    .option('--here', 'serve it in this process, and wait')
    .option('-n, --dry-run', 'list what would be read; nothing is enqueued')
    .option('--pin', 'keep the backup for ever')
    .action(async (names: string[], options: RunOptions, command: Command) => {
      const { run } = await import('../actions/run.ts')
      await run(openSession(context, command), names, options)
    })
}
