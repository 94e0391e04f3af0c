import type { LogFields, Logger } from '@backstream/kernel'

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: LogFields
  readonly message: string
}

export interface CollectingLogger extends Logger {
  /** Everything logged so far, by children too, with the children's fields merged in. */
  readonly lines: readonly LogLine[]
}

export function collectLogger(): CollectingLogger {
  return loggerInto([], {})
}

function loggerInto(lines: LogLine[], bindings: LogFields): CollectingLogger {
  const at = (level: LogLine['level']) => (fields: LogFields, message: string) =>
    void lines.push({ level, fields: { ...bindings, ...fields }, message })
  return {
    lines,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => loggerInto(lines, { ...bindings, ...fields }),
  }
}
