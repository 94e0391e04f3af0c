import { Command } from 'commander'
import { type CommandContext, openSession } from '../command-context.ts'

/** What can be done about runs that are there already. */
export function defineControlRuns(context: CommandContext): Command[] {
  return [defineLogs(context), defineCancel(context), defineRetry(context)]
}

function defineLogs(context: CommandContext): Command {
  return new Command('logs')
    .description('the log of a run, or of the newest one of a plan')
    .argument('<plan-or-run>', 'PLAN, or RUN or a unique beginning of it')
    .option('-f, --follow', 'go on until the run has ended')
    .action(async (name: string, flags: { follow?: boolean }, command: Command) => {
      const { logs } = await import('../actions/logs.ts')
      await logs(openSession(context, command), name, { isFollowed: flags.follow === true })
    })
}

function defineCancel(context: CommandContext): Command {
  return new Command('cancel')
    .description('end a run, or every run of a plan that has not ended, and clean up')
    .argument('<plan-or-run>', 'PLAN, or RUN or a unique beginning of it')
    .action(async (name: string, _flags: unknown, command: Command) => {
      const { cancel } = await import('../actions/cancel.ts')
      await cancel(openSession(context, command), name)
    })
}

function defineRetry(context: CommandContext): Command {
  return new Command('retry')
    .description('run a failed or cancelled run again, with all its attempts')
    .argument('<plan-or-run>', 'PLAN: its newest run; or RUN or a unique beginning of it')
    .action(async (name: string, _flags: unknown, command: Command) => {
      const { retry } = await import('../actions/retry.ts')
      await retry(openSession(context, command), name)
    })
}
