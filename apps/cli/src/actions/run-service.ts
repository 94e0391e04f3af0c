import type { Config } from '@backstream/config'
import {
  installShutdown,
  type Role,
  type ShutdownPhase,
  startHealthEndpoint,
  watchEventLoop,
} from '@backstream/runtime'
import type { Session } from '../command-context.ts'

/** What a service needs done before its process may end. */
export type StartService = (config: Config) => Promise<readonly ShutdownPhase[]>

/**
 * Runs one of the services in this process until a signal ends it; never resolves. A start that
 * fails rejects, and what had been started ends with the process.
 */
export async function runService(
  session: Session,
  role: Role,
  start: StartService,
): Promise<never> {
  const config = await session.config()
  const health = await startHealthEndpoint({ role, eventLoop: watchEventLoop() })
  const phases: ShutdownPhase[] = []
  installShutdown({ logger: session.logger, phases })
  phases.push(...(await start(config)))
  phases.push({
    name: 'health',
    timeoutMs: 1_000,
    run: async () => await health[Symbol.asyncDispose](),
  })
  // The process ends in the shutdown, with its status.
  return await new Promise<never>(() => {})
}
