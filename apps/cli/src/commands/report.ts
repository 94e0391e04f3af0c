import { Command } from 'commander'
import type { ReportOptions } from '../actions/report.ts'
import { type CommandContext, openSession } from '../command-context.ts'

export function defineReport(context: CommandContext): Command {
  return new Command('report')
    .description(
      'the evidence: runs, backups, verifications, drills, prunings, gaps, and what is missing',
    )
    .requiredOption('--since <time>', 'from when on: an age such as 90d, or ISO 8601')
    .option('--html <file>', 'write it as one page as well')
    .action(async (options: ReportOptions, command: Command) => {
      const { report } = await import('../actions/report.ts')
      await report(openSession(context, command), options)
    })
}
