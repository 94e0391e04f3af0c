import { BackstreamError, describeError } from '@backstream/kernel'
import type { Paint } from './paint.ts'
import { plainText } from './plain-text.ts'
import { RestoreFailure } from './restore-failure.ts'

/** The document `--json` prints instead of data when a command fails. */
export interface FailureDocument {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly remedy: string | null
    /** Of a configuration: every problem, with its place. */
    readonly problems?: readonly unknown[]
    /** Of a restore that ended early: how far it came, and every file that is not there. */
    readonly restore?: Readonly<Record<string, unknown>>
  }
}

export function failureDocument(error: unknown): FailureDocument {
  const problems = problemsOf(error)
  return {
    error: {
      code: error instanceof BackstreamError ? error.code : 'internal',
      message: describeError(error),
      remedy: (error instanceof BackstreamError ? error.remedy : undefined) ?? null,
      ...(problems ? { problems } : {}),
      ...(error instanceof RestoreFailure ? { restore: error.restore } : {}),
    },
  }
}

/** For people: what went wrong, and on a line of its own what to do about it. */
export function renderFailure(error: unknown, paint: Paint): string {
  const remedy = error instanceof BackstreamError ? error.remedy : undefined
  const lines = [`${paint.bad('error:')} ${keepLines(describeError(error))}`]
  if (remedy !== undefined) lines.push(keepLines(remedy))
  return `${lines.join('\n')}\n`
}

function keepLines(text: string): string {
  return text.split('\n').map(plainText).join('\n')
}

function problemsOf(error: unknown): readonly unknown[] | undefined {
  const problems = error instanceof Error ? (error as { problems?: unknown }).problems : undefined
  return Array.isArray(problems) && problems.length > 0 ? problems : undefined
}
