import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'
import { printStream } from '../output/print-stream.ts'
import { requireEntry } from './ls.ts'
import { openRef } from './open-ref.ts'

/** One file, or a command's whole stream, to standard output; only what holds it is fetched. */
export async function cat(session: Session, ref: string, path: string): Promise<void> {
  await using backup = await openRef(session, ref)
  let entry = await requireEntry(backup, path)
  if (entry.type === 'link') entry = await requireEntry(backup, entry.linkTarget ?? '')
  if (entry.type !== 'file' && entry.type !== 'stream') {
    throw new CliError('usage', `${path} is a ${entry.type}, not a file`, {
      remedy: '`backstream ls` shows what is in a directory.',
    })
  }
  const members = backup.read([entry])
  await printStream(
    session,
    (async function* () {
      for await (const { content } of members) yield* content
    })(),
  )
}
