import {
  type ExtractReport,
  openBackup,
  type ResolvedRef,
  restoreEntries,
  selectEntries,
} from '@backstream/backup'
import { formatBytes } from '@backstream/config'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'
import { openProgressView } from '../output/progress-view.ts'
import type { OpenStorage } from './open-storage.ts'

export interface RestorePathsRequest {
  readonly storage: OpenStorage
  readonly resolved: ResolvedRef
  readonly to: string
  /** At least one. */
  readonly paths: readonly string[]
  readonly isDryRun: boolean
}

export interface RestoredPaths {
  /** Null in a dry run. */
  readonly done: ExtractReport | null
  /** What was found by the index. */
  readonly found: { readonly entries: number; readonly bytes: number }
  /** Of archive and index. */
  readonly fetchedBytes: number
}

/** Some paths of a backup; a path that matches nothing ends it before anything is written. */
export async function restorePaths(
  session: Session,
  request: RestorePathsRequest,
): Promise<RestoredPaths> {
  const { manifest } = request.resolved
  const signal = session.interruption()
  const identities = await session.identitiesFor(manifest)
  const backup = await openBackup(request.storage, manifest, { signal, identities })
  const { entries, unmatched } = await selectEntries(backup, request.paths)
  if (unmatched.length > 0) {
    const ref = `${manifest.plan}/${manifest.backup}`
    throw new CliError('no-such-path', `There is no ${unmatched.join(', ')} in ${ref}`, {
      remedy: `\`backstream ls ${ref}\` shows what there is.`,
    })
  }
  const bytes = entries.reduce((sum, { size }) => sum + size, 0)
  const found = { entries: entries.length, bytes }
  if (request.isDryRun) return { done: null, found, fetchedBytes: backup.fetchedBytes() }
  const view = await openProgressView({ ...session, stream: session.stderr })
  try {
    const done = await restoreEntries({
      backup,
      entries,
      to: request.to,
      signal,
      keepOwners: process.getuid?.() === 0,
      onEntry: (count) =>
        view.set(manifest.plan, {
          percent: entries.length === 0 ? null : (100 * count) / entries.length,
          text: `${count} of ${entries.length} entries, ${formatBytes(backup.fetchedBytes())} read`,
        }),
    })
    return { done, found, fetchedBytes: backup.fetchedBytes() }
  } finally {
    view.stop()
  }
}
