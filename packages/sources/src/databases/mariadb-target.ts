import type { ServerSourceConfig } from '@backstream/config'
import { privateFile } from '../runners/runner.ts'
import type { SourceProblem } from '../source.ts'
import type { Asking } from './database-kind.ts'
import { findMissing } from './database-source.ts'
import { feed } from './feed.ts'
import { mariadbPrograms } from './mariadb-connection.ts'
import { askMariadb, askMariadbServer } from './mariadb-facts.ts'
import { usersName } from './mariadb-source.ts'
import { databaseOf, type RestorableStream, type RestoreTarget } from './restore-target.ts'

/** A MySQL or MariaDB server that dumps go back to, each into a database of its name. */
export function createMariadbTarget(
  { kind }: ServerSourceConfig,
  ask: (signal: AbortSignal) => Promise<Asking>,
): RestoreTarget {
  const { client } = mariadbPrograms(kind)
  return {
    label: kind === 'mysql' ? 'MySQL' : 'MariaDB',
    async findProblems(streams, { signal, overwrite }) {
      const asking = await ask(signal)
      const missing = await findMissing([client], asking)
      if (missing.length > 0) return missing
      const { databases } = await askMariadbServer(asking, kind)
      const problems: SourceProblem[] = []
      for (const stream of streams.filter(({ name }) => name !== usersName)) {
        const name = targetOf(asking, stream)
        if (overwrite || !databases.some((database) => database.name === name)) continue
        if (!(await hasContent(asking, { kind, name }))) continue
        problems.push({
          code: 'target-not-empty',
          message: `The database ${name} is there, and not empty`,
          remedy:
            'Name another database in the address, or say --overwrite always: the database is then dropped before.',
          permanent: true,
        })
      }
      return problems
    },
    async restore(stream, content, { signal, overwrite }) {
      const asking = await ask(signal)
      const isUsers = stream.name === usersName
      const name = isUsers ? 'mysql' : targetOf(asking, stream)
      if (!isUsers) await makeDatabase(asking, { kind, name, stream, overwrite })
      await feed(
        asking,
        {
          label: `${client}, restoring ${isUsers ? 'users' : name},`,
          argv: [
            client,
            `--defaults-extra-file=${privateFile}`,
            '--default-character-set=utf8mb4',
            '--binary-mode',
            '--',
            name,
          ],
          remedy: 'Mend what it reports, and restore again with --overwrite always.',
          aftermath: isUsers ? 'Users made so far are kept' : `The database ${name} holds a part`,
        },
        content,
      )
    },
  }
}

function targetOf({ connection }: Asking, stream: RestorableStream): string {
  return connection.database ?? databaseOf(stream) ?? 'restored'
}

interface Place {
  readonly kind: ServerSourceConfig['kind']
  readonly name: string
}

async function hasContent(asking: Asking, { kind, name }: Place): Promise<boolean> {
  const literal = `'${name.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
  const sql = `SELECT (SELECT count(*) FROM information_schema.tables WHERE table_schema = ${literal})
    + (SELECT count(*) FROM information_schema.routines WHERE routine_schema = ${literal})`
  const rows = await askMariadb(asking, kind, sql)
  return Number(rows[0]?.[0]) > 0
}

async function makeDatabase(
  asking: Asking,
  place: Place & { readonly stream: RestorableStream; readonly overwrite: boolean },
): Promise<void> {
  const { kind, name, stream, overwrite } = place
  const quoted = `\`${name.replaceAll('`', '``')}\``
  const { charset, collation } = stream.facts
  const isWord = (value: unknown): value is string =>
    typeof value === 'string' && /^\w+$/.test(value)
  const as =
    isWord(charset) && isWord(collation) ? ` CHARACTER SET ${charset} COLLATE ${collation}` : ''
  // Made under this name before the address's database is used: it may not be there yet.
  if (overwrite) await askMariadb(asking, kind, `DROP DATABASE IF EXISTS ${quoted}`)
  await askMariadb(asking, kind, `CREATE DATABASE IF NOT EXISTS ${quoted}${as}`)
}
