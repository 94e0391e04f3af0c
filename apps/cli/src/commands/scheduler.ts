import { Command } from 'commander'
import { runService } from '../actions/run-service.ts'
import { type CommandContext, openSession, type Session } from '../command-context.ts'

export function defineScheduler(context: CommandContext): Command {
  return new Command('scheduler')
    .description('turn plans into scheduled runs; re-reads a changed configuration')
    .action((_options: unknown, command: Command) =>
      schedule(openSession(context, command, { isService: true })),
    )
}

async function schedule(session: Session): Promise<never> {
  const { startScheduler } = await import('@backstream/scheduler')
  const { settings, logger, clock } = session
  return await runService(session, 'scheduler', async (config) => {
    const scheduler = await startScheduler({
      config,
      reload: () => session.config(),
      configFile: config.file,
      env: settings.env,
      logger,
      clock,
    })
    process.on('SIGHUP', () => void scheduler.reload())
    return [{ name: 'scheduler', timeoutMs: 10_000, run: () => scheduler.close() }]
  })
}
