/**
 * `.env` beside the configuration: variables for `${NAME}` and `{ env: NAME }`, as `init` writes them and
 * as Compose, systemd's EnvironmentFile and `. ./.env` read them, too.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseEnv } from 'node:util'
import { CliError } from './cli-error.ts'

/** Where it lies for a configuration. */
export function environmentFileOf(config: string): string {
  return join(dirname(config), '.env')
}

/**
 * Adds to `env` what the file beside the configuration says: of the one that is named, else of the first
 * that is found. What is set already, to nothing too, stays. Returns a line for whoever waits where a
 * file is there and cannot be read.
 */
export function addEnvironmentFile(
  env: Record<string, string | undefined>,
  named: string | undefined,
): string | null {
  const config = named ?? env['BACKSTREAM_CONFIG']
  if (config === '-') return null
  const places = config ? [config] : ['backstream.yaml', '/etc/backstream/backstream.yaml']
  for (const place of places) {
    // Only beside a configuration that is there: any other .env is somebody else's.
    if (!config && readIfThere(place) === null) continue
    const file = environmentFileOf(place)
    try {
      const said = parseEnv(readIfThere(file) ?? '')
      for (const [name, value] of Object.entries(said)) env[name] ??= value
      return null
    } catch (error) {
      return `note: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}): its variables count as not set`
    }
  }
  return null
}

/** One line of such a file. */
export function renderVariable(name: string, value: string): string {
  // In single quotes nothing means anything but the quote itself; in double ones these do.
  const quote = ["'", '"'].find((mark) => !(mark === "'" ? /['\r\n]/ : /["\\$`\r\n]/).test(value))
  if (quote !== undefined) return `${name}=${quote}${value}${quote}\n`
  throw new CliError('usage', `The value of ${name} cannot be written into a .env file`, {
    remedy: 'Put it into a file of its own, and write { file: PATH } into the configuration.',
  })
}

/** Null where there is nothing of that name. */
function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw error
  }
}
