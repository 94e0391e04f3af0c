import type { Manifest, OpenOptions } from '@backstream/backup'
import { formatBytes } from '@backstream/config'
import type { Session } from '../command-context.ts'

/** What looking into a backup needs at the terminal: its key, Ctrl-C, and a word if the index is lost. */
export async function readingOptions(session: Session, manifest: Manifest): Promise<OpenOptions> {
  return {
    identities: await session.identitiesFor(manifest),
    signal: session.interruption(),
    onIndexLost: ({ bytes, reason }) =>
      session.note(
        `warning: the index of ${manifest.plan}/${manifest.backup} is lost (${reason}); all ${formatBytes(bytes)} of the archive are read in its place`,
      ),
  }
}
