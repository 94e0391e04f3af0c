import type { CommandSourceConfig } from '@backstream/config'
import type { Asking } from './databases/database-kind.ts'
import { findMissing } from './databases/database-source.ts'
import { feed } from './databases/feed.ts'
import type { RestoreTarget } from './databases/restore-target.ts'

/** The command that takes back what another one gave. */
export function createCommandTarget(
  { restore, cwd, argv: [writer] }: CommandSourceConfig,
  ask: (signal: AbortSignal) => Promise<Asking>,
): RestoreTarget {
  const [program = ''] = restore ?? []
  return {
    label: `the command ${program}`,
    async findProblems(_streams, { signal }) {
      if (restore) return await findMissing([program], await ask(signal))
      return [
        {
          code: 'no-way-back',
          message: `How to take back what ${writer} gave is not said`,
          remedy:
            'Add restore: [program, argument] to the source, or restore into a directory with --to.',
          permanent: true,
        },
      ]
    },
    async restore(_stream, content, { signal }) {
      const asking = await ask(signal)
      await feed(
        asking,
        {
          label: `the command ${program}`,
          argv: restore ?? [],
          cwd,
          remedy: 'Run the command by hand as this user, and mend what it reports.',
          aftermath: 'What it did so far it alone knows',
        },
        content,
      )
    },
  }
}

/** The environment of the command that gave it serves the one that takes it back. */
export async function connectCommand(
  { env }: CommandSourceConfig,
  resolveSecret: (ref: CommandSourceConfig['env'][string]) => string | Promise<string>,
): Promise<Asking['connection']> {
  const resolved: Record<string, string> = {}
  for (const [name, ref] of Object.entries(env)) resolved[name] = await resolveSecret(ref)
  return { env: resolved, secrets: Object.values(resolved), database: null }
}
