/** Configurations, trees and readings for this package's tests. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { packArchive, type SegmentEntry, type TarSegment } from '@backstream/archive'
import type { CommandSourceConfig, DirectorySourceConfig } from '@backstream/config'
import { type Logger, silentLogger } from '@backstream/kernel'
import { createDirectorySource, type DirectorySourceOptions } from './directory-source.ts'
import type { Source, SourceOptions, SourceReading } from './source.ts'

export function directoryConfig(
  path: string,
  overrides: Partial<DirectorySourceConfig> = {},
): DirectorySourceConfig {
  return {
    kind: 'directory',
    at: '',
    via: null,
    path,
    exclude: [],
    include: [],
    excludeFile: null,
    excludeCaches: false,
    excludeIfPresent: [],
    excludeLargerThanBytes: null,
    oneFileSystem: false,
    onUnreadable: 'error',
    allowEmpty: false,
    ...overrides,
  }
}

export function commandConfig(
  argv: readonly string[],
  overrides: Partial<CommandSourceConfig> = {},
): CommandSourceConfig {
  return {
    kind: 'command',
    at: '',
    via: null,
    argv,
    env: {},
    expect: { trailer: null, minSizeBytes: null },
    restore: null,
    cwd: null,
    streamName: 'dump',
    ...overrides,
  }
}

export function sourceOptions(
  signal: AbortSignal = new AbortController().signal,
  logger: Logger = silentLogger,
): SourceOptions {
  return { signal, logger }
}

export function temporaryDirectory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sources-test-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** For a shell. It writes its own number and that of a child that outlives it, then gives data for ever. */
export function endlessScript(t: TestContext, trap = ''): { script: string; pids: () => number[] } {
  const file = join(temporaryDirectory(t), 'pids')
  return {
    script: `${trap} sleep 1000 & echo $$ $! > ${file}.tmp; mv ${file}.tmp ${file}; while :; do echo data; done`,
    pids: () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ').map(Number) : []),
  }
}

/** Resolves once neither the shell of an `endlessScript` nor its child is there any more. */
export async function waitForEnd(pids: readonly number[]): Promise<void> {
  if (pids.length !== 2) throw new Error(`two processes were to be known: ${pids}`)
  while (pids.some(isProcessAlive)) await sleep(20)
}

/** As the testkit's, which is above this package. */
function isProcessAlive(pid: number): boolean {
  try {
    // A zombie that nobody has waited for yet is no process any more.
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

export interface ReadTree {
  /** The plain tar, whole. */
  readonly tar: Buffer
  readonly entries: readonly SegmentEntry[]
  readonly reading: SourceReading
}

/** Reads a source to its end, giving the memory of every segment back as a backup does. */
export async function readToEnd(
  source: Source,
  options: SourceOptions = sourceOptions(),
): Promise<ReadTree> {
  const entries: SegmentEntry[] = []
  const reading = source.read(options)
  async function* noted(): AsyncGenerator<TarSegment> {
    for await (const segment of reading.segments) {
      entries.push(...segment.entries)
      yield segment
    }
  }
  const packed = packArchive([{ label: 'source', segments: noted() }], {
    compression: { algorithm: 'none', level: 0 },
    signal: options.signal,
  })
  const chunks: Uint8Array[] = []
  for await (const chunk of packed.body) chunks.push(chunk)
  return { tar: Buffer.concat(chunks), entries, reading }
}

/** Open files of this process, by what they are; sockets and pipes too. */
export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}

export function paths({ entries }: ReadTree): string[] {
  return entries.map(({ path }) => path)
}

/** Reads a directory to its end. */
export async function readDirectory(
  path: string,
  overrides: Partial<DirectorySourceConfig> = {},
  options: DirectorySourceOptions = {},
): Promise<ReadTree> {
  return await readToEnd(createDirectorySource(directoryConfig(path, overrides), options))
}

export function warningsOf({ reading }: ReadTree): string[][] {
  return reading.summary().warnings.map(({ code, path }) => [code, path])
}
