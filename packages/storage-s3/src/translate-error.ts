import { StorageError, type StorageErrorCode } from '@backstream/storage'
import {
  connectTimeoutRule,
  type ErrorRule,
  lockedMessage,
  lockedRule,
  noRegionMessage,
  noRegionRule,
  rulesByHttpStatus,
  rulesByProviderCode,
  rulesBySystemCode,
  skewCorrectedRule,
  timeoutRule,
  unreadableRule,
} from './error-rules.ts'

export interface TranslateContext {
  /** What was asked, for the message: `put s3://bucket/key`. */
  readonly about: string
  /** The request changes something: an answer that was lost leaves it `unknown-outcome`. */
  readonly changes?: boolean
  /** What a failed condition (412) means here. */
  readonly onPrecondition?: 'already-exists' | 'invalid-request'
}

/** Whatever the SDK or the network throws, as a `StorageError` with its cause and a remedy. */
export function translateError(error: unknown, context: TranslateContext): StorageError {
  if (error instanceof StorageError) return error
  const facts = readFacts(error)
  const rule = preconditionRule(facts, context) ?? lockRule(facts, context) ?? findRule(facts)
  const isLost = context.changes === true && isAmbiguous(rule)
  const code = isLost ? 'unknown-outcome' : rule.code
  const words = isLost ? `${rule.words}, so whether it was done is not known` : rule.words
  return new StorageError(code, `${context.about}: ${words}`, {
    cause: error,
    ...(rule.remedy === undefined ? {} : { remedy: rule.remedy }),
    ...(rule.permanent === undefined ? {} : { permanent: rule.permanent }),
    ...(facts.providerCode === undefined ? {} : { providerCode: facts.providerCode }),
    ...(facts.requestId === undefined ? {} : { requestId: facts.requestId }),
    ...(facts.httpStatus === undefined ? {} : { httpStatus: facts.httpStatus }),
    ...(facts.retryAfterMs === undefined ? {} : { retryAfterMs: facts.retryAfterMs }),
  })
}

const ambiguousCodes: ReadonlySet<StorageErrorCode> = new Set(['unavailable', 'timeout', 'network'])

function isAmbiguous(rule: ErrorRule): boolean {
  return ambiguousCodes.has(rule.code) && rule.isUndone !== true
}

interface ErrorFacts {
  readonly providerCode: string | undefined
  readonly systemCode: string | undefined
  readonly message: string
  readonly httpStatus: number | undefined
  readonly requestId: string | undefined
  readonly retryAfterMs: number | undefined
  readonly isSkewCorrected: boolean
}

function readFacts(error: unknown): ErrorFacts {
  const { name, code, message, $metadata, $response } = error as {
    name?: string
    code?: unknown
    message?: string
    $metadata?: { httpStatusCode?: number; requestId?: string; clockSkewCorrected?: boolean }
    $response?: { headers?: Readonly<Record<string, string>> }
  }
  return {
    providerCode: name,
    systemCode: typeof code === 'string' ? code : undefined,
    message: message ?? String(error),
    httpStatus: $metadata?.httpStatusCode,
    requestId: $metadata?.requestId,
    retryAfterMs: readRetryAfterMs($response?.headers ?? {}),
    isSkewCorrected: $metadata?.clockSkewCorrected === true,
  }
}

/** Seconds, or a date by the clock of whoever sent it. */
function readRetryAfterMs(headers: Readonly<Record<string, string>>): number | undefined {
  const { 'retry-after': said = '', date = '' } = headers
  const ms = /^\d+$/.test(said) ? Number(said) * 1000 : Date.parse(said) - Date.parse(date)
  return ms > 0 ? ms : undefined
}

function preconditionRule(facts: ErrorFacts, context: TranslateContext): ErrorRule | undefined {
  if (facts.httpStatus !== 412 && facts.providerCode !== 'PreconditionFailed') return undefined
  return context.onPrecondition === 'already-exists'
    ? { code: 'already-exists', words: 'there is an object already' }
    : { code: 'invalid-request', words: 'the object is not the one that was meant' }
}

/** Most stores answer plain "access denied" for a locked object, and say why in the message alone. */
function lockRule(facts: ErrorFacts, context: TranslateContext): ErrorRule | undefined {
  const isDenied = context.changes === true && facts.httpStatus === 403
  return isDenied && lockedMessage.test(facts.message) ? lockedRule : undefined
}

function findRule(facts: ErrorFacts): ErrorRule {
  const { providerCode = '', systemCode = '', httpStatus = 0, message } = facts
  if (facts.isSkewCorrected) return skewCorrectedRule
  if (message === noRegionMessage) return noRegionRule
  const known =
    rulesByProviderCode.get(providerCode) ??
    rulesBySystemCode.get(systemCode) ??
    rulesByHttpStatus.get(httpStatus)
  if (known) return known
  if (providerCode === 'TimeoutError') {
    return message.includes('did not establish a connection') ? connectTimeoutRule : timeoutRule
  }
  return rulesByHttpStatus.get(Math.floor(httpStatus / 100) * 100) ?? unreadableRule
}
