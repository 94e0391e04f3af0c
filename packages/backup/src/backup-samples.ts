/** Builders for the tests of this package: sources in memory, and runs of them. */
import {
  encodeTarHeader,
  paddingOf,
  SegmentEntries,
  type TarHeaderFields,
  type TarSegment,
  tarHeaderBound,
} from '@backstream/archive'
import { type Clock, silentLogger, systemClock } from '@backstream/kernel'
import type { Source, SourceSummary } from '@backstream/sources'
import type { Storage } from '@backstream/storage'
import type { BackupDeps, BackupRequest } from './backup-request.ts'

export interface SampleEntry extends Partial<TarHeaderFields> {
  readonly path: string
  readonly content?: string
}

export function segmentOf(entry: SampleEntry): TarSegment {
  const { content = '', ...fields } = entry
  const header: TarHeaderFields = {
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    userName: '',
    groupName: '',
    mtimeNs: 1_700_000_000_500_000_000n,
    linkTarget: '',
    ...fields,
    size: content.length,
  }
  const blocks = Buffer.alloc(tarHeaderBound(header))
  const head = blocks.subarray(0, encodeTarHeader(header, blocks, 0))
  const { path, type, size, mode, linkTarget } = header
  return {
    bytes: Buffer.concat([head, Buffer.from(content), Buffer.alloc(paddingOf(size))]),
    entries: SegmentEntries.of([
      {
        ...{ path, type, size, mode, mtimeMs: 1_700_000_000_500, offset: 0 },
        ...(linkTarget !== '' && { linkTarget }),
      },
    ]),
  }
}

export interface SampleSource {
  readonly entries?: readonly SampleEntry[]
  /** Thrown once the entries have been read. */
  readonly error?: Error
  /** What the source says at its end, where that is not what it gave. */
  readonly summary?: Partial<SourceSummary>
}

export function sourceOf({ entries = [], error, summary }: SampleSource): Source {
  const isFile = ({ type }: SampleEntry) => type === undefined || type === 'file'
  return {
    kind: 'directory',
    at: '',
    preflight: async () => [],
    estimate: async () => null,
    async *dryRun() {},
    read: () => ({
      segments: (async function* () {
        for (const entry of entries) yield segmentOf(entry)
        if (error) throw error
      })(),
      summary: () => ({
        bytes: entries.reduce((total, { content = '' }) => total + content.length, 0),
        entries: entries.length,
        files: entries.filter(isFile).length,
        warnings: [],
        consistency: 'as read',
        ...summary,
      }),
    }),
  }
}

export interface SampleRun {
  readonly deps: BackupDeps
  readonly request: BackupRequest
}

export function runOf(
  storage: Storage,
  source: Source,
  over: { readonly deps?: Partial<BackupDeps>; readonly request?: Partial<BackupRequest> } = {},
): SampleRun {
  return {
    deps: {
      storage,
      sources: [source],
      clock: systemClock,
      logger: silentLogger,
      guard: {
        drawFence: async (floor) => floor + 1,
        recordAttempt: async () => {},
        assertMayCommit: async () => {},
      },
      ...over.deps,
    },
    request: {
      installation: 'test',
      plan: {
        name: 'media',
        compression: { algorithm: 'zstd', level: 1 },
        cpus: 1,
        idleTimeout: { sourceMs: 60_000 },
        encryption: null,
      },
      trigger: 'manual',
      run: { id: '1@1', attempt: 1, worker: 'w', host: 'h', scheduledForMs: null },
      tool: { name: 'backstream', version: '0' },
      store: { storageClass: null, sse: null },
      signal: new AbortController().signal,
      ...over.request,
    },
  }
}

/** Keys below a plan, and uploads in progress there. */
export async function contentsOf(storage: Storage): Promise<{ keys: string[]; uploads: number }> {
  const keys: string[] = []
  for await (const { key } of storage.list('media/')) keys.push(key)
  let uploads = 0
  for await (const _ of storage.listUploads('')) uploads++
  return { keys, uploads }
}

/** A clock that stands still until it is moved. */
export function clockAt(startMs: number): Clock & { advance(ms: number): void } {
  let ms = startMs
  return {
    now: () => ms,
    monotonicMs: () => ms,
    advance: (by) => {
      ms += by
    },
  }
}

/** A plain tar of these entries, with its end. */
export async function* tarOf(entries: readonly SampleEntry[]): AsyncGenerator<Uint8Array> {
  for (const entry of entries) yield segmentOf(entry).bytes
  yield Buffer.alloc(1024)
}
