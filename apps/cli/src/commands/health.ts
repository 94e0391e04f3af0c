import { probeHealth, type Role } from '@backstream/runtime'
import { Argument, Command } from 'commander'
import { type CommandContext, openSession } from '../command-context.ts'
import { exitStatus } from '../exit-status.ts'

const roles = ['scheduler', 'worker', 'board'] as const satisfies readonly Role[]

export function defineHealth(context: CommandContext): Command {
  return new Command('health')
    .description('is the process alive: for containers; says nothing of freshness')
    .addArgument(new Argument('<role>', 'which process').choices(roles))
    .action((role: Role, _options: unknown, command: Command) => health(context, role, command))
}

async function health(context: CommandContext, role: Role, command: Command): Promise<void> {
  const session = openSession(context, command)
  const report = await probeHealth(role)
  if (session.json) session.printJson({ format: 'backstream.health/1', role, ...report })
  else if (report.processes.length === 0) session.print(`no ${role} runs here\n`)
  else {
    for (const { pid, detail } of report.processes) session.print(`${role} ${pid}: ${detail}\n`)
  }
  if (!report.alive) session.endWith(exitStatus.failed)
}
