import type { Config } from '@backstream/config'
import type { ShutdownPhase } from '@backstream/runtime'
import { Command } from 'commander'
import { runService } from '../actions/run-service.ts'
import { type CommandContext, openSession, type Session } from '../command-context.ts'

export function defineBoard(context: CommandContext): Command {
  return new Command('board')
    .description('overview, Bull Board and metrics in the browser')
    .action((_options: unknown, command: Command) =>
      board(openSession(context, command, { isService: true, mayLackPlans: true })),
    )
}

async function board(session: Session): Promise<never> {
  return await runService(session, 'board', async (config) => await startBoard(session, config))
}

async function startBoard(session: Session, config: Config): Promise<readonly ShutdownPhase[]> {
  const { startBoard: start } = await import('@backstream/board')
  const { openMaintenanceStorage, openStorage, storageNamed } = await import(
    '../actions/open-storage.ts'
  )
  const { openConfiguredQueue } = await import('@backstream/queue')
  const { settings, logger, clock } = session
  const { env } = settings
  const connection = await openConfiguredQueue(config, { env, logger, clock })
  const storages = new AsyncDisposableStack()
  const running = await start({
    config: { ...config, board: { ...config.board, ...settings.boardListen } },
    connection,
    openStorage: async (name) =>
      storages.use(await openStorage(session, storageNamed(config, name))),
    openMaintenance: async (name) =>
      storages.use(await openMaintenanceStorage(session, storageNamed(config, name))),
    identityFile: settings.identityFile,
    logger,
    clock,
    env,
  })
  return [
    { name: 'board', timeoutMs: 10_000, run: () => running.close() },
    { name: 'storages', timeoutMs: 5_000, run: () => storages.disposeAsync() },
    { name: 'redis', timeoutMs: 5_000, run: async () => await connection[Symbol.asyncDispose]() },
  ]
}
