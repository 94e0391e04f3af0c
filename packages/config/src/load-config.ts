import { open, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ConfigError, invalidConfig } from './config-error.ts'
import type { Config } from './model.ts'
import { parseConfig } from './parse-config.ts'

export interface LoadOptions {
  /** `-` for standard input; searched for when absent. */
  readonly file?: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** What relative names start from; the process's working directory when absent. */
  readonly cwd?: string
  /** A file without plans is no error. */
  readonly mayLackPlans?: boolean
}

/** The text of a configuration and the name its problems are reported under. */
export interface ConfigText {
  readonly file: string
  readonly text: string
}

const maxBytes = 4 * 1024 * 1024

/**
 * Reads and checks the configuration. Rejects with `ConfigError`: not found, not readable, or
 * invalid with every problem of it in `problems`.
 */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  const { file, text } = await readConfig(options)
  const { env, mayLackPlans = false } = options
  const result = parseConfig(text, { file, env, mayLackPlans })
  if (!result.ok) throw invalidConfig(file, result.problems)
  return result.config
}

/**
 * Finds and reads the file without looking into it: `file`, else `$BACKSTREAM_CONFIG`, else
 * `./backstream.yaml`, else `/etc/backstream/backstream.yaml`. A name that was given is never
 * passed over for the next place.
 */
export async function readConfig(options: LoadOptions): Promise<ConfigText> {
  const named = options.file || options.env['BACKSTREAM_CONFIG']
  if (named === '-') return { file: '-', text: await readInput() }
  const cwd = options.cwd ?? process.cwd()
  const places = named ? [named] : ['backstream.yaml', '/etc/backstream/backstream.yaml']
  for (const place of places) {
    const text = await readIfThere(resolve(cwd, place))
    if (text !== undefined) return { file: place, text }
  }
  throw new ConfigError('config-not-found', `no configuration: looked for ${places.join(', ')}`, {
    remedy: named
      ? 'check the name after --config and in BACKSTREAM_CONFIG'
      : 'run `backstream init`, or name a file with --config',
  })
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    if (!(await stat(path)).isDirectory()) return decode(await readLimited(path), path)
  } catch (error) {
    if (error instanceof ConfigError) throw error
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw unreadable(path, error)
  }
  throw unreadable(path, new Error('it is a directory'))
}

async function readLimited(path: string): Promise<Buffer> {
  await using handle = await open(path, 'r')
  return await collect(handle.createReadStream({ autoClose: false, end: maxBytes }), path)
}

async function readInput(): Promise<string> {
  return decode(await collect(process.stdin, '-'), '-')
}

async function collect(chunks: AsyncIterable<Buffer>, path: string): Promise<Buffer> {
  const collected: Buffer[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    collected.push(Buffer.from(chunk))
    bytes += chunk.length
    if (bytes > maxBytes) throw unreadable(path, new Error('it is larger than 4 MiB'))
  }
  return Buffer.concat(collected)
}

function decode(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw unreadable(path, new Error('it is not UTF-8 text', { cause: error }))
  }
}

function unreadable(path: string, cause: unknown): ConfigError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new ConfigError('config-unreadable', `cannot read the configuration ${path}: ${why}`, {
    cause,
    remedy: 'check the name and its permissions',
  })
}
