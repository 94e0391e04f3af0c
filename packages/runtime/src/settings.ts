import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { RuntimeError } from './runtime-error.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogFormat = 'text' | 'json'
export type Environment = Readonly<Record<string, string | undefined>>

/** What the environment says. Frozen; null where it says nothing. A variable that is empty is not set. */
export interface Settings {
  readonly configFile: string | null
  /** Stands in for the configuration's `name`. */
  readonly name: string | null
  readonly workerName: string | null
  readonly workerConcurrency: number | null
  /** Queues a worker serves instead of those that follow from its name. */
  readonly serves: readonly string[] | null
  readonly boardListen: ListenAddress | null
  readonly logLevel: LogLevel
  /** Text on a terminal, else JSON, unless said. */
  readonly logFormat: LogFormat
  /** Logs go to a terminal and NO_COLOR is not set. */
  readonly color: boolean
  readonly identityFile: string | null
  /** A secret. */
  readonly redisUrl: string | null
  /** The environment as it was, for `${NAME}` and `{ env: NAME }`; REDIS_URL also when it came by file. */
  readonly env: Environment
}

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

export interface ReadSettingsOptions {
  /** Whether logs go to a terminal. */
  readonly isTerminal?: boolean
}

const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']
const logFormats: readonly LogFormat[] = ['text', 'json']
const namePattern = /^[a-z0-9][a-z0-9-]{0,62}$/
const queuePattern = /^[a-z0-9][a-z0-9.-]{0,70}$/

/** Rejects a value it cannot use with a `RuntimeError` `usage` that names the variable. */
export function readSettings(
  environment: Environment = process.env,
  options: ReadSettingsOptions = {},
): Settings {
  const isTerminal = options.isTerminal ?? process.stderr.isTTY === true
  const get = (name: string) => environment[name] || null
  const redisUrl = readSecret(environment, 'REDIS_URL')
  return Object.freeze({
    configFile: get('BACKSTREAM_CONFIG'),
    name: readName('BACKSTREAM_NAME', get),
    workerName: readName('BACKSTREAM_WORKER_NAME', get),
    workerConcurrency: readConcurrency(get),
    serves: readServes(get),
    boardListen: readListen(get),
    logLevel: readChoice('BACKSTREAM_LOG_LEVEL', get, logLevels) ?? 'info',
    logFormat:
      readChoice('BACKSTREAM_LOG_FORMAT', get, logFormats) ?? (isTerminal ? 'text' : 'json'),
    color: isTerminal && get('NO_COLOR') === null,
    identityFile: get('BACKSTREAM_IDENTITY_FILE'),
    redisUrl,
    env: Object.freeze({ ...environment, ...(redisUrl === null ? {} : { REDIS_URL: redisUrl }) }),
  })
}

type Get = (name: string) => string | null

function readName(variable: string, get: Get): string | null {
  const value = get(variable)
  if (value === null || namePattern.test(value)) return value
  throw badValue(variable, `'${value}' is not a name`, 'Use a-z, 0-9 and -, at most 63 characters.')
}

function readConcurrency(get: Get): number | null {
  const variable = 'BACKSTREAM_WORKER_CONCURRENCY'
  const value = get(variable)
  if (value === null) return null
  if (/^[1-9]\d{0,2}$/.test(value)) return Number(value)
  throw badValue(variable, `'${value}' is not a number of runs`, 'Use a whole number, 1 to 999.')
}

function readServes(get: Get): readonly string[] | null {
  const value = get('BACKSTREAM_SERVES')
  if (value === null) return null
  const queues = value.split(',').map((queue) => queue.trim())
  const wrong = queues.find((queue) => !queuePattern.test(queue))
  if (wrong === undefined) return Object.freeze(queues)
  throw badValue(
    'BACKSTREAM_SERVES',
    `'${wrong}' is not a queue`,
    'List queues separated by commas, such as backups,maintenance.',
  )
}

function readListen(get: Get): ListenAddress | null {
  const value = get('BACKSTREAM_BOARD_LISTEN')
  if (value === null) return null
  const match = /^(?:\[(?<six>[^\]]+)\]|(?<host>[^:]+)):(?<port>\d{1,5})$/.exec(value)
  const host = match?.groups?.['six'] ?? match?.groups?.['host'] ?? ''
  const port = Number(match?.groups?.['port'] ?? Number.NaN)
  const isHost = match?.groups?.['six'] === undefined ? host !== '' : isIP(host) === 6
  if (isHost && port <= 65_535) return Object.freeze({ host, port })
  throw badValue(
    'BACKSTREAM_BOARD_LISTEN',
    `'${value}' is not an address`,
    'Write HOST:PORT, such as 127.0.0.1:7373 or [::1]:7373.',
  )
}

function readChoice<T extends string>(
  variable: string,
  get: Get,
  choices: readonly T[],
): T | undefined {
  const value = get(variable)
  if (value === null) return undefined
  const choice = choices.find((candidate) => candidate === value)
  if (choice !== undefined) return choice
  throw badValue(variable, `'${value}' is not known`, `Use one of: ${choices.join(', ')}.`)
}

/** `NAME`, or the content of the file that `NAME_FILE` names, less one trailing newline. */
function readSecret(environment: Environment, variable: string): string | null {
  const value = environment[variable] || null
  const file = environment[`${variable}_FILE`] || null
  if (file === null) return value
  if (value !== null) {
    throw badValue(
      `${variable}_FILE`,
      `${variable} is set as well`,
      'Set one of the two, not both.',
    )
  }
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '') || null
  } catch (cause) {
    throw new RuntimeError('usage', `${variable}_FILE: cannot read ${file}`, {
      cause,
      remedy: 'Name a file this process may read.',
    })
  }
}

function badValue(variable: string, problem: string, remedy: string): RuntimeError {
  return new RuntimeError('usage', `${variable}: ${problem}`, { remedy })
}
