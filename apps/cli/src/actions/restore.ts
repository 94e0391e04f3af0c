import {
  type ExtractReport,
  type ResolvedRef,
  resolveRef,
  restoreBackup,
  storedBytesOf,
} from '@backstream/backup'
import { formatBytes } from '@backstream/config'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'
import { exitStatus } from '../exit-status.ts'
import { openProgressView } from '../output/progress-view.ts'
import {
  type OpenStorage,
  openStorage,
  openStorageOfPlan,
  storageFromEnvironment,
} from './open-storage.ts'
import { parseStorageAddress } from './parse-storage-address.ts'
import { parseTime } from './parse-time.ts'
import { notePassedOver } from './passed-over.ts'
import { type RestoredPaths, type RestorePathsRequest, restorePaths } from './restore-paths.ts'
import { checkRestoreTarget } from './restore-target.ts'

export interface RestoreOptions {
  readonly to?: string
  readonly path?: readonly string[]
  readonly before?: string
  readonly from?: string
  readonly dryRun?: boolean
  readonly yes?: string
}

export async function restore(
  session: Session,
  ref: string,
  options: RestoreOptions,
): Promise<void> {
  const [plan = ''] = ref.split('/')
  if (options.to === undefined) {
    throw new CliError('usage', 'where to restore is not said', { remedy: 'Say --to DIR.' })
  }
  const home = session.env['HOME']
  const to = checkRestoreTarget({ to: options.to, plan, yes: options.yes, home })
  await using storage = await openStorageOf(session, plan, options.from)
  const signal = session.interruption()
  const resolved = await resolveRef(storage, ref, {
    signal,
    ...(options.before === undefined ? {} : { beforeMs: parseTime(options.before, session.clock) }),
  })
  notePassedOver(session, resolved)
  if (options.path) {
    const isDryRun = options.dryRun === true
    const request = { storage, resolved, to, paths: options.path, isDryRun }
    return reportPaths(session, request, await restorePaths(session, request))
  }
  if (options.dryRun) return await sayPlan(session, resolved, to)
  await report(session, { resolved, to, done: await bringBack(session, { storage, resolved, to }) })
}

export async function openStorageOf(
  session: Session,
  plan: string,
  from: string | undefined,
): Promise<OpenStorage> {
  if (from === undefined) return await openStorageOfPlan(session, plan)
  const address = parseStorageAddress(from)
  return await openStorage(session, storageFromEnvironment(address, session.env))
}

interface Restoring {
  readonly storage: OpenStorage
  readonly resolved: ResolvedRef
  readonly to: string
}

async function bringBack(
  session: Session,
  { storage, resolved: { manifest }, to }: Restoring,
): Promise<ExtractReport> {
  const identities = await session.identitiesFor(manifest)
  const view = await openProgressView({ ...session, stream: session.stderr })
  try {
    return await restoreBackup(storage, {
      manifest,
      identities,
      to,
      signal: session.interruption(),
      keepOwners: process.getuid?.() === 0,
      onProgress: ({ bytesFetched, bytesTotal, entries }) =>
        view.set(manifest.plan, {
          percent: bytesTotal === 0 ? null : (100 * bytesFetched) / bytesTotal,
          text: `${formatBytes(bytesFetched)} of ${formatBytes(bytesTotal)} read, ${entries} entries`,
        }),
    })
  } finally {
    view.stop()
  }
}

interface Restored {
  readonly resolved: ResolvedRef
  readonly to: string
  readonly done: ExtractReport
}

async function report(session: Session, { resolved, to, done }: Restored): Promise<void> {
  const { manifest, passedOver } = resolved
  const notSet = Object.fromEntries(done.notSet)
  if (session.json) {
    session.printJson({
      format: 'backstream.restore/1',
      plan: manifest.plan,
      backup: manifest.backup,
      to,
      entries: done.entries,
      files: done.files,
      bytes: done.bytes,
      setuidCleared: done.setuidCleared,
      notSet,
      passedOver,
    })
  } else {
    session.print(
      `${manifest.plan}/${manifest.backup}: restored and verified: ${done.entries} entries, ${formatBytes(done.bytes)} in ${to}\n`,
    )
  }
  noteWhatIsMissing(session, done)
}

function noteWhatIsMissing(session: Session, done: ExtractReport): void {
  if (done.setuidCleared > 0) {
    session.note(`note: ${done.setuidCleared} files lost their set-user-id or set-group-id bit`)
  }
  for (const [what, count] of done.notSet) {
    session.note(`warning: the ${what} of ${count} entries could not be set`)
  }
  if (done.notSet.size > 0) session.endWith(exitStatus.incomplete)
}

function reportPaths(
  session: Session,
  { resolved: { manifest, passedOver }, to }: RestorePathsRequest,
  { done, found, fetchedBytes }: RestoredPaths,
): void {
  const ref = `${manifest.plan}/${manifest.backup}`
  const content = `${found.entries} entries, ${formatBytes(found.bytes)}`
  if (session.json) {
    const { plan, backup } = manifest
    const dryRun = done === null
    const facts = { plan, backup, to, dryRun, ...found, fetchedBytes, passedOver }
    session.printJson({ format: 'backstream.restore/1', ...facts })
  } else if (done) {
    const fetched = `${formatBytes(fetchedBytes)} fetched`
    session.print(`${ref}: restored and verified: ${content} in ${to} (${fetched})\n`)
  } else session.print(`would restore of ${ref}: ${content} into ${to}\n`)
  if (done) noteWhatIsMissing(session, done)
}

async function sayPlan(session: Session, { manifest, passedOver }: ResolvedRef, to: string) {
  const { plan, backup, content } = manifest
  const storedBytes = storedBytesOf(manifest)
  if (session.json) {
    const { entries, bytes } = content
    const facts = { plan, backup, to, dryRun: true, entries, bytes, storedBytes, passedOver }
    return session.printJson({ format: 'backstream.restore/1', ...facts })
  }
  session.print(
    `would restore ${plan}/${backup}: ${content.entries} entries, ${formatBytes(content.bytes)} (${formatBytes(storedBytes)} to fetch) into ${to}\n`,
  )
}
