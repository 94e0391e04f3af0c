import type { Asking } from './database-kind.ts'
import { findMissing } from './database-source.ts'
import { feed } from './feed.ts'
import { configOf } from './mongodb-source.ts'
import { databaseOf, type RestorableStream, type RestoreTarget } from './restore-target.ts'

/** A MongoDB that archives go back to by mongorestore. */
export function createMongoTarget(ask: (signal: AbortSignal) => Promise<Asking>): RestoreTarget {
  return {
    label: 'MongoDB',
    // Whether something is there its tools do not tell: without --drop, what is there stays.
    findProblems: async (_streams, { signal }) => findMissing(['mongorestore'], await ask(signal)),
    async restore(stream, content, { signal, overwrite }) {
      const asking = await ask(signal)
      await feed(
        asking,
        {
          label: 'mongorestore',
          argv: [
            'mongorestore',
            ...configOf(asking.connection),
            ...(asking.connection.args ?? []),
            '--archive',
            '--stopOnError',
            ...(overwrite ? ['--drop'] : []),
            ...(stream.facts['oplog'] === true ? ['--oplogReplay'] : []),
            ...renamed(asking, stream),
          ],
          remedy: 'Mend what it reports, and restore again with --overwrite always.',
          aftermath: 'Collections restored so far are kept',
        },
        content,
      )
    },
  }
}

/** Into the database that the address names. */
function renamed({ connection }: Asking, stream: RestorableStream): readonly string[] {
  const from = databaseOf(stream)
  const to = connection.database
  return from === null || to === null || from === to ? [] : [`--nsFrom=${from}.*`, `--nsTo=${to}.*`]
}
