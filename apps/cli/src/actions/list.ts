import {
  type BackupGlance,
  type GlanceOptions,
  listPlans,
  type PlanGlances,
  readGlances,
} from '@backstream/backup'
import { formatBytes } from '@backstream/config'
import { describeError } from '@backstream/kernel'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'
import { exitStatus } from '../exit-status.ts'
import { formatLocalTime } from '../output/local-time.ts'
import { plainText } from '../output/plain-text.ts'
import { standingInWords } from '../output/standing-text.ts'
import { renderTable } from '../output/table.ts'
import { openGlanceCache } from './glance-cache.ts'
import { openStorage, openStorageOfPlan } from './open-storage.ts'

interface Listing {
  readonly storage: string
  readonly plans: readonly (PlanGlances & { readonly plan: string })[]
}

interface Failed {
  readonly storage: string
  readonly error: unknown
}

/** `limit`: of each plan the newest so many, a number as it was typed. */
export async function list(
  session: Session,
  plan: string | undefined,
  limit?: string,
): Promise<void> {
  await using cache = openGlanceCache(session)
  const reading = { cache, signal: session.interruption(), ...limited(limit) }
  const { listings, failed } =
    plan === undefined
      ? await readEverything(session, reading)
      : await readPlan(session, plan, reading)
  // Nothing could be read: that is a failure, not an empty list.
  if (listings.length === 0 && failed[0]) throw failed[0].error
  if (session.json) printDocument(session, listings, failed)
  else await printTable(session, listings)
  const unreadable = listings.flatMap(({ plans }) => plans.flatMap((one) => one.unreadable))
  for (const { message } of unreadable) session.note(`warning: ${plainText(message)}`)
  for (const { storage, error } of failed) {
    session.note(`warning: the storage ${storage} could not be read: ${describeError(error)}`)
  }
  if (failed.length + unreadable.length > 0) session.endWith(exitStatus.incomplete)
}

function limited(text: string | undefined): { limit?: number } {
  if (text === undefined) return {}
  const limit = Number(text)
  if (Number.isSafeInteger(limit) && limit > 0) return { limit }
  throw new CliError('usage', `--limit ${text} is no number of backups`, {
    remedy: 'Say --limit 20.',
  })
}

interface Reading {
  readonly listings: readonly Listing[]
  readonly failed: readonly Failed[]
}

async function readPlan(session: Session, plan: string, reading: GlanceOptions): Promise<Reading> {
  await using storage = await openStorageOfPlan(session, plan)
  const backups = await readGlances(storage, plan, reading)
  return { listings: [{ storage: storage.location, plans: [{ plan, ...backups }] }], failed: [] }
}

async function readEverything(session: Session, reading: GlanceOptions): Promise<Reading> {
  const config = await session.config()
  const signal = session.interruption()
  const listings: Listing[] = []
  const failed: Failed[] = []
  for (const storageConfig of Object.values(config.storages)) {
    try {
      await using storage = await openStorage(session, storageConfig)
      const plans: Listing['plans'][number][] = []
      for (const plan of await listPlans(storage, signal)) {
        plans.push({ plan, ...(await readGlances(storage, plan, reading)) })
      }
      listings.push({ storage: storage.location, plans })
    } catch (error) {
      signal.throwIfAborted()
      failed.push({ storage: storageConfig.name, error })
    }
  }
  return { listings, failed }
}

function printDocument(
  session: Session,
  listings: readonly Listing[],
  failed: readonly Failed[],
): void {
  session.printJson({
    format: 'backstream.list/1',
    backups: listings.flatMap(({ storage, plans }) =>
      plans.flatMap(({ plan, glances }) => glances.map((one) => summarize({ storage, plan }, one))),
    ),
    unreadable: listings.flatMap(({ plans }) =>
      plans.flatMap(({ plan, unreadable }) => unreadable.map((one) => ({ plan, ...one }))),
    ),
    unreachable: failed.map(({ storage, error }) => ({ storage, message: describeError(error) })),
  })
}

function summarize(
  { storage, plan }: { readonly storage: string; readonly plan: string },
  glance: BackupGlance,
): Record<string, unknown> {
  const { backup, status, trigger, isGood, isPinned, isAccepted, verified, lockedUntilMs } = glance
  return {
    ref: `${plan}/${backup}`,
    plan,
    backup,
    storage,
    status,
    good: isGood,
    accepted: isAccepted,
    pinned: isPinned,
    lockedUntil: lockedUntilMs === null ? null : new Date(lockedUntilMs).toISOString(),
    verified: verified && {
      at: new Date(verified.atMs).toISOString(),
      depth: verified.depth,
      outcome: verified.isRefuted ? 'refuted' : 'verified',
    },
    trigger,
    startedAt: new Date(glance.startedAtMs).toISOString(),
    finishedAt: new Date(glance.finishedAtMs).toISOString(),
    entries: glance.entries,
    bytes: glance.bytes,
    storedBytes: glance.storedBytes,
  }
}

async function printTable(session: Session, listings: readonly Listing[]): Promise<void> {
  const all = listings.flatMap(({ plans }) =>
    plans.flatMap(({ plan, glances }) => glances.map((glance) => ({ plan, glance }))),
  )
  const rows = all.map(({ plan, glance }) => [
    `${plan}/${glance.backup}`,
    formatLocalTime(glance.finishedAtMs),
    String(glance.entries),
    formatBytes(glance.bytes),
    formatBytes(glance.storedBytes),
    {
      text: standingInWords(glance),
      paint: glance.isGood ? session.paint.good : session.paint.warn,
    },
  ])
  const table = renderTable(
    [
      { heading: 'BACKUP' },
      { heading: 'FINISHED' },
      { heading: 'ENTRIES', align: 'right' },
      { heading: 'SIZE', align: 'right' },
      { heading: 'STORED', align: 'right' },
      { heading: 'STATUS' },
    ],
    rows,
  )
  session.print(table || 'no backups\n')
}
