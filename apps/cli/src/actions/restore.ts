import {
  type Overwrite,
  planRestore,
  type ResolvedRef,
  type RestoreOrder,
  resolveRef,
} from '@backstream/backup'
import { asOf, type Storage } from '@backstream/storage'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'
import { formatLocalTime } from '../output/local-time.ts'
import { reportDryRun, reportRestore } from '../output/restore-text.ts'
import { carryOut } from './carry-out.ts'
import {
  type OpenStorage,
  openStorage,
  openStorageOfPlan,
  storageFromEnvironment,
} from './open-storage.ts'
import { parseStorageAddress } from './parse-storage-address.ts'
import { parseTime } from './parse-time.ts'
import { notePassedOver } from './passed-over.ts'
import { readingOptions } from './reading-options.ts'
import { checkRestoreTarget } from './restore-target.ts'

export interface RestoreOptions {
  readonly to?: string
  readonly source?: string
  readonly path?: readonly string[]
  readonly before?: string
  readonly from?: string
  readonly asOf?: string
  readonly overwrite?: Overwrite
  readonly keepSetuid?: boolean
  readonly dryRun?: boolean
  readonly detach?: boolean
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
  await using storage = await openStorageOf(session, plan, options)
  const resolved = await resolve(session, storage, { ref, before: options.before })
  if (options.detach && !options.dryRun) {
    const { restoreDetached } = await import('./restore-detached.ts')
    return await restoreDetached(session, resolved, { ...options, to })
  }
  const planned = await planRestore(storage, await orderOf(session, resolved, { ...options, to }))
  const what = { plan: planned, passedOver: resolved.passedOver }
  if (options.dryRun) return reportDryRun(session, what)
  reportRestore(session, what, await carryOut(session, { storage, plan: planned }))
}

/** The plan's storage or the one of `--from`, as it is, or as it was. */
export async function openStorageOf(
  session: Session,
  plan: string,
  { from, asOf: time }: Pick<RestoreOptions, 'from' | 'asOf'>,
): Promise<Storage & AsyncDisposable> {
  const storage = await openHere(session, plan, from)
  if (time === undefined) return storage
  const atMs = parseTime(time, session.clock)
  session.note(`${storage.location} as it was at ${formatLocalTime(atMs)}`)
  const dispose = () => storage[Symbol.asyncDispose]()
  return Object.assign(asOf(storage, atMs), { [Symbol.asyncDispose]: dispose })
}

async function openHere(
  session: Session,
  plan: string,
  from: string | undefined,
): Promise<OpenStorage> {
  if (from === undefined) return await openStorageOfPlan(session, plan)
  const address = parseStorageAddress(from)
  return await openStorage(session, storageFromEnvironment(address, session.env))
}

async function resolve(
  session: Session,
  storage: Storage,
  { ref, before }: { readonly ref: string; readonly before: string | undefined },
): Promise<ResolvedRef> {
  const resolved = await resolveRef(storage, ref, {
    signal: session.interruption(),
    ...(before === undefined ? {} : { beforeMs: parseTime(before, session.clock) }),
  })
  notePassedOver(session, resolved)
  return resolved
}

async function orderOf(
  session: Session,
  { manifest }: ResolvedRef,
  options: RestoreOptions & { readonly to: string },
): Promise<RestoreOrder> {
  const { to, path, source, overwrite, keepSetuid } = options
  return {
    manifest,
    to,
    ...(await readingOptions(session, manifest)),
    keepOwners: process.getuid?.() === 0,
    source,
    overwrite,
    ...(path && { paths: path }),
    ...(keepSetuid && { keepSetuid }),
  }
}
