import type { ServerSourceConfig } from '@backstream/config'
import type { SourceProblem } from '../source.ts'
import { chooseDatabases, findUnknown, wantedOf } from './choose-databases.ts'
import type { Asking } from './database-kind.ts'
import { askDatabase, askPostgresVersion, askServer, type ServerFacts } from './postgres-facts.ts'

/** What would make pg_dump fail, perhaps hours later: its version, names, rights on every table. */
export async function findPostgresProblems(
  config: ServerSourceConfig,
  asking: Asking,
): Promise<readonly SourceProblem[]> {
  const server = await askServer(asking)
  const wanted = wantedOf(config, asking.connection)
  const present = server.databases.map(({ name }) => name)
  const problems = [
    ...(await findOldClient(asking, { program: 'pg_dump', server })),
    ...findUnknown(wanted, present),
  ]
  for (const name of chooseDatabases(wanted, present)) {
    problems.push(...(await findForbidden(asking, { name, server })))
  }
  return problems
}

/** pg_dump refuses a server of a newer major version. */
export async function findOldClient(
  asking: Asking,
  { program, server }: { readonly program: string; readonly server: ServerFacts },
): Promise<readonly SourceProblem[]> {
  const client = await askPostgresVersion(asking, program)
  const major = Math.floor(server.version / 10_000)
  if (client.major >= major) return []
  return [
    {
      code: 'client-too-old',
      message: `${program} ${client.text} ${asking.runner.place} is older than the server, PostgreSQL ${server.versionText}`,
      remedy: `Install postgresql-client-${major} or newer there, or read the source in the server's own container, with via.`,
      permanent: true,
    },
  ]
}

async function findForbidden(
  asking: Asking,
  { name, server }: { readonly name: string; readonly server: ServerFacts },
): Promise<readonly SourceProblem[]> {
  const { user } = server
  if (!server.databases.some((database) => database.name === name && database.mayConnect)) {
    return [
      {
        code: 'forbidden',
        message: `The user ${user} may not connect to the database ${name}`,
        remedy: `GRANT CONNECT ON DATABASE ${quoted(name)} TO ${quoted(user)};`,
        permanent: true,
      },
    ]
  }
  const { forbidden } = await askDatabase(asking, name)
  if (forbidden.length === 0) return []
  return [
    {
      code: 'forbidden',
      message: `The user ${user} may not read all of ${name}: ${forbidden.join(', ')}`,
      remedy: `GRANT pg_read_all_data TO ${quoted(user)}; for tables with row security also ALTER ROLE ${quoted(user)} BYPASSRLS;`,
      permanent: true,
    },
  ]
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
