import { BackstreamError, type BackstreamErrorOptions } from '@backstream/kernel'
import { type ConfigProblem, formatProblems } from './problem-report.ts'

export type ConfigErrorCode = 'config-invalid' | 'config-not-found' | 'config-unreadable'

/** A configuration that cannot be used. `problems` is empty unless the code is `config-invalid`. */
export class ConfigError extends BackstreamError {
  override readonly name: string = 'ConfigError'
  declare readonly code: ConfigErrorCode
  readonly problems: readonly ConfigProblem[]

  constructor(
    code: ConfigErrorCode,
    message: string,
    options: BackstreamErrorOptions & { readonly problems?: readonly ConfigProblem[] } = {},
  ) {
    super(code, message, { ...options, permanent: true })
    this.problems = options.problems ?? []
  }
}

export function invalidConfig(file: string, problems: readonly ConfigProblem[]): ConfigError {
  const errors = problems.filter((problem) => problem.severity === 'error')
  const count = errors.length === 1 ? '1 problem' : `${errors.length} problems`
  return new ConfigError('config-invalid', `${file} has ${count}:\n${formatProblems(errors)}`, {
    problems,
    remedy: 'mend the file; `backstream validate` shows what is left',
  })
}
