import type { LogFields, Logger } from '@backstream/kernel'
import { type DestinationStream, type LoggerOptions, pino, stdTimeFunctions } from 'pino'
import { prettyFactory } from 'pino-pretty'
import { describeLoggedError } from './describe-logged-error.ts'
import type { LogFormat, LogLevel } from './settings.ts'

export interface CreateLoggerOptions {
  readonly level: LogLevel
  readonly format: LogFormat
  readonly color?: boolean
  /** Standard error when absent. */
  readonly stream?: { write(line: string): unknown }
  /** Fields of every line. */
  readonly bindings?: LogFields
}

/**
 * Writes one line per message, at once: nothing is buffered, so nothing is lost when the process ends.
 *
 * An error belongs under `err`; of errors only type, code, messages, remedy and stack are written.
 */
export function createLogger(options: CreateLoggerOptions): Logger {
  const stream = options.stream ?? process.stderr
  // A stack is for machines and for those who look for it; on a terminal it would bury the sentence.
  const withStack = options.format === 'json' || options.level === 'debug'
  const serialize = (error: unknown) => describeLoggedError(error, { withStack })
  const settings: LoggerOptions = {
    level: options.level,
    base: { ...options.bindings },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: serialize, error: serialize },
  }
  return pino(settings, options.format === 'text' ? textStream(stream, options) : stream)
}

/** pino-pretty as a function, not as a stream: its stream would still hold lines at exit. */
function textStream(
  stream: { write(line: string): unknown },
  options: CreateLoggerOptions,
): DestinationStream {
  const pretty = prettyFactory({
    colorize: options.color ?? false,
    singleLine: true,
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss',
    errorLikeObjectKeys: [],
  })
  return { write: (line: string) => void stream.write(pretty(line)) }
}
