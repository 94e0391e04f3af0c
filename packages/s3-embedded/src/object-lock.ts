import type { Bucket, DefaultRetention } from './bucket.ts'
import type { Retention, RetentionMode } from './object-version.ts'
import { S3Error } from './s3-error.ts'

type Headers = Readonly<Record<string, string>>

/** Retention and legal hold of a new object: from its headers, else the bucket's default. */
export function lockOfNewObject(
  headers: Headers,
  bucket: Bucket,
  nowMs: number,
): { retention?: Retention; legalHold: boolean } {
  const mode = headers['x-amz-object-lock-mode']
  const until = headers['x-amz-object-lock-retain-until-date']
  const hold = headers['x-amz-object-lock-legal-hold']
  if ((mode ?? until ?? hold) !== undefined) requireObjectLock(bucket)
  if ((mode === undefined) !== (until === undefined)) {
    throw new S3Error('InvalidArgument', {
      message:
        'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied',
    })
  }
  const { defaultRetention } = bucket.settings
  const retention =
    mode !== undefined && until !== undefined
      ? parseRetention(mode, until, nowMs)
      : defaultRetention && retentionFrom(defaultRetention, nowMs)
  return { ...(retention ? { retention } : {}), legalHold: parseHold(hold) }
}

/** Throws `InvalidRequest`. */
export function requireObjectLock(bucket: Bucket): void {
  if (bucket.settings.objectLock) return
  throw new S3Error('InvalidRequest', { message: 'Bucket is missing Object Lock Configuration' })
}

export function parseRetention(mode: string, until: string, nowMs: number): Retention {
  const untilMs = Date.parse(until)
  if (Number.isNaN(untilMs)) {
    throw new S3Error('InvalidArgument', { message: 'The retain until date is not a date' })
  }
  if (untilMs <= nowMs) {
    throw new S3Error('InvalidArgument', {
      message: 'The retain until date must be in the future!',
    })
  }
  return { mode: parseMode(mode), untilMs }
}

export function parseMode(mode: string): RetentionMode {
  if (mode === 'GOVERNANCE' || mode === 'COMPLIANCE') return mode
  throw new S3Error('InvalidArgument', { message: 'Unknown wormMode directive' })
}

export function parseHold(value: string | undefined): boolean {
  if (value === undefined || value === 'OFF') return false
  if (value === 'ON') return true
  throw new S3Error('InvalidArgument', { message: 'Legal Hold must be either of ON or OFF' })
}

function retentionFrom({ mode, unit, count }: DefaultRetention, nowMs: number): Retention {
  const until = new Date(nowMs)
  if (unit === 'Days') until.setUTCDate(until.getUTCDate() + count)
  else until.setUTCFullYear(until.getUTCFullYear() + count)
  return { mode, untilMs: until.getTime() }
}
