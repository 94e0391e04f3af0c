export interface BackstreamErrorOptions {
  readonly cause?: unknown
  /** What the reader of the message can do about it: one sentence, imperative. */
  readonly remedy?: string
  /** True when trying again cannot help: a run that meets it is not retried. */
  readonly permanent?: boolean
}

/**
 * The base of every error this project throws on purpose.
 *
 * The message names the thing that failed and, where it can, its place; `remedy` says what to do.
 * Packages subclass it once and narrow `code` to a union of string literals.
 */
export class BackstreamError extends Error {
  override readonly name: string = 'BackstreamError'
  readonly code: string
  readonly permanent: boolean
  readonly remedy: string | undefined

  constructor(code: string, message: string, options: BackstreamErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.permanent = options.permanent ?? false
    this.remedy = options.remedy
  }
}

/** The message of anything thrown, with the messages of its causes behind it. */
export function describeError(error: unknown): string {
  const parts: string[] = []
  for (let at: unknown = error; at !== undefined && parts.length < 5; ) {
    const message = at instanceof Error ? at.message || at.name : String(at)
    if (!parts.some((part) => part.includes(message))) parts.push(message)
    at = at instanceof Error ? at.cause : undefined
  }
  return parts.join(': ')
}
