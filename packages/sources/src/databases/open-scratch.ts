import type { ServerSourceConfig, SourceConfig } from '@backstream/config'
import type { Clock } from '@backstream/kernel'
import type { CommandSourceDeps } from '../command-source.ts'
import { createLocalRunner } from '../runners/local-runner.ts'
import { SourceError } from '../source-error.ts'
import type { Asking, Connection } from './database-kind.ts'
import { openMariadbConnection } from './mariadb-connection.ts'
import { openMariadbScratch, type SocketLogin, startMariadbScratch } from './mariadb-scratch.ts'
import { openPostgresConnection } from './postgres-connection.ts'
import { openPostgresScratch, startPostgresScratch } from './postgres-scratch.ts'
import type { ScratchDatabases, ScratchServer } from './scratch-databases.ts'

/** A source of a plan that a drill can restore into scratch databases. */
export interface DrilledDatabase {
  /** Where its dumps lie in the archive; '' for the plan's only source. */
  readonly at: string
  /** `folder` is empty, and for a server's data; the caller removes it afterwards. */
  open(folder: string, signal: AbortSignal): Promise<ScratchDatabases>
}

export interface ScratchDeps extends Pick<CommandSourceDeps, 'environment' | 'resolveSecret'> {
  readonly clock: Clock
}

/** Those of a plan's sources that can, and how: the clients run on this machine. */
export function drilledDatabases(
  { name: plan, sources }: { readonly name: string; readonly sources: readonly SourceConfig[] },
  into: ScratchServer,
  deps: ScratchDeps,
): readonly DrilledDatabase[] {
  return sources.filter(isDrilled).map((source) => ({
    at: source.at,
    open: async (folder, signal) => {
      if (source.format === 'physical') throw physical
      const { environment = {}, clock } = deps
      const scratchPlan = { plan, nowMs: clock.now() }
      const asker = (connect: () => Promise<Connection>) => async (signal: AbortSignal) =>
        ({ runner: createLocalRunner(deps), connection: await connect(), signal }) satisfies Asking
      const isPostgres = source.kind === 'postgres'
      if (into === 'throwaway') {
        const options = { folder, environment, signal }
        return isPostgres
          ? await startPostgresScratch((host) => asker(async () => postgresAt(host)), options)
          : await startMariadbScratch(
              // Its own programs, whatever wrote the dump.
              { ...source, kind: 'mariadb' },
              (login) => asker(async () => mariadbAt(login)),
              options,
            )
      }
      const given = { ...into, host: null, port: null, user: null }
      const secret = deps.resolveSecret
      if (isPostgres) {
        const ask = asker(async () => beside(await openPostgresConnection(given, secret)))
        return await openPostgresScratch(ask, scratchPlan, signal)
      }
      const ask = asker(async () => beside(await openMariadbConnection(given, secret)))
      return await openMariadbScratch({ config: source, ask }, scratchPlan, signal)
    },
  }))
}

function isDrilled(source: SourceConfig): source is ServerSourceConfig {
  return ['postgres', 'mysql', 'mariadb'].includes(source.kind)
}

function postgresAt(host: string): Connection {
  return { env: { PGHOST: host, PGUSER: 'postgres' }, secrets: [], database: null }
}

function mariadbAt({ socket, user }: SocketLogin): Connection {
  const privateText = `[client]\nsocket="${socket}"\nuser="${user}"\n`
  return { env: {}, privateText, secrets: [], database: null }
}

/** The database that the address names is never the one that is restored into. */
function beside(connection: Connection): Connection {
  return { ...connection, database: null }
}

const physical = new SourceError(
  'target-invalid',
  'A physical backup of PostgreSQL goes into no database',
  { permanent: true, remedy: 'Leave drill.into out: its files are then restored and compared.' },
)
