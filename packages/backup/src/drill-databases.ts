import { dirname } from 'node:path'
import { countedTables, type DrilledDatabase, type ScratchDatabases } from '@backstream/sources'
import type { Storage } from '@backstream/storage'
import type { DrillCheck, DrillRequest } from './drill-backup.ts'
import { type OpenedBackup, openBackup } from './open-backup.ts'
import { findStreams, restoreStreams, type StoredStream } from './restore-streams.ts'
import { makeScratchPlace } from './scratch-place.ts'

export interface DrilledDatabases {
  /** Content bytes that went into databases. */
  readonly bytes: number
  readonly checks: readonly DrillCheck[]
}

/** Most tables that are named where their rows differ. */
const mostNamed = 5

/** Restores the dumps of each database source into scratch databases, counts there, and removes them. */
export async function drillDatabases(
  storage: Storage,
  request: DrillRequest,
): Promise<DrilledDatabases> {
  const { databases = [], manifest } = request
  if (databases.length === 0) return { bytes: 0, checks: [] }
  const backup = await openBackup(storage, manifest, request)
  let bytes = 0
  const checks: DrillCheck[] = []
  for (const database of databases) {
    const streams = await findStreams(backup, database.at || manifest.plan)
    checks.push(...(await drillOne(backup, { database, streams }, request)))
    bytes += streams.reduce((sum, stream) => sum + stream.bytes, 0)
  }
  return { bytes, checks }
}

async function drillOne(
  backup: OpenedBackup,
  { database, streams }: { database: DrilledDatabase; streams: readonly StoredStream[] },
  { manifest, to, signal }: DrillRequest,
): Promise<DrillCheck[]> {
  if (streams.length === 0) {
    const words = `the backup has no dump${database.at === '' ? '' : ` at ${database.at}`}`
    return [{ name: 'databases', isPassed: false, words }]
  }
  await using place = await makeScratchPlace(dirname(to), manifest.plan)
  await using scratch = await database.open(place.path, signal)
  const given = { signal, overwrite: false, note: () => {} }
  await restoreStreams({ backup, target: scratch, streams, ...given })
  const restored = `${streams.length} dumps restored into ${scratch.label}`
  return [
    { name: 'databases', isPassed: true, words: restored },
    ...(await checkRows(scratch, streams, signal)),
  ]
}

async function checkRows(
  scratch: ScratchDatabases,
  streams: readonly StoredStream[],
  signal: AbortSignal,
): Promise<DrillCheck[]> {
  const differing: string[] = []
  const total = { tables: 0, rows: 0 }
  for (const stream of streams) {
    const counted = countedTables(stream.facts) ?? []
    const names = counted.map(({ table }) => table)
    const found = names.length > 0 ? await scratch.countRows(stream, names, signal) : []
    counted.forEach(({ table, rows }, at) => {
      total.tables++
      total.rows += found[at] ?? 0
      if (found[at] !== rows) differing.push(`${table.join('.')} ${found[at]} instead of ${rows}`)
    })
  }
  if (total.tables === 0) return []
  const isPassed = differing.length === 0
  const more = differing.length > mostNamed ? `, and ${differing.length - mostNamed} more` : ''
  const words = isPassed
    ? `${total.rows} rows in ${total.tables} tables, as counted at backup`
    : `not as counted at backup: ${differing.slice(0, mostNamed).join(', ')}${more}`
  return [{ name: 'rows', isPassed, words }]
}
