import type { DefaultRetention } from '../bucket.ts'
import { mayDo } from '../credentials.ts'
import { parseHold, parseMode, parseRetention, requireObjectLock } from '../object-lock.ts'
import type { ObjectVersion, Retention } from '../object-version.ts'
import { type Reply, xmlReply } from '../reply.ts'
import { readText } from '../request-body.ts'
import { S3Error } from '../s3-error.ts'
import { bucketOf, type Handler, type S3Request, type ServerState } from '../s3-request.ts'
import { buildXml, parseXml, type XmlElement } from '../xml.ts'
import { findVersion } from './find-version.ts'

export const getObjectLockConfiguration: Handler = async (request, server) => {
  const { objectLock, defaultRetention } = bucketOf(request, server).settings
  if (!objectLock) throw new S3Error('ObjectLockConfigurationNotFoundError')
  return xmlReply(
    buildXml('ObjectLockConfiguration', {
      ObjectLockEnabled: 'Enabled',
      Rule: defaultRetention && {
        DefaultRetention: {
          Mode: defaultRetention.mode,
          [defaultRetention.unit]: defaultRetention.count,
        },
      },
    }),
  )
}

/** Turns object lock on where versioning is enabled already; it is never turned off. */
export const putObjectLockConfiguration: Handler = async (request, server) => {
  const bucket = bucketOf(request, server)
  const root = parseXml(await readText(request.body), 'ObjectLockConfiguration')
  if (root.text('ObjectLockEnabled') !== 'Enabled') throw new S3Error('MalformedXML')
  const rule = root.child('Rule')?.child('DefaultRetention')
  const defaultRetention = rule && readDefaultRetention(rule)
  await bucket.changeSettings((settings) => {
    if (settings.versioning !== 'Enabled') {
      throw new S3Error('InvalidBucketState', {
        message: 'Versioning must be Enabled on the bucket to apply a Object Lock configuration',
      })
    }
    return { ...settings, objectLock: true, defaultRetention }
  })
  return { status: 200 }
}

export const getObjectRetention: Handler = async (request, server) => {
  requireObjectLock(bucketOf(request, server))
  const { retention } = findVersion(request, server).version
  if (!retention) throw new S3Error('NoSuchObjectLockConfiguration')
  return xmlReply(
    buildXml('Retention', {
      Mode: retention.mode,
      RetainUntilDate: new Date(retention.untilMs).toISOString(),
    }),
  )
}

export const putObjectRetention: Handler = async (request, server) => {
  requireObjectLock(bucketOf(request, server))
  const root = parseXml(await readText(request.body), 'Retention')
  const nowMs = server.clock.now()
  const mode = root.text('Mode')
  const until = root.text('RetainUntilDate')
  const retention =
    mode === undefined && until === undefined
      ? undefined
      : parseRetention(mode ?? '', until ?? '', nowMs)
  const bypass =
    request.headers['x-amz-bypass-governance-retention']?.toLowerCase() === 'true' &&
    mayDo(request.caller, 's3:BypassGovernanceRetention')
  return changeVersion(request, server, (old) => {
    if (weakens(old, retention, nowMs) && !(bypass && old.retention?.mode === 'GOVERNANCE')) {
      throw new S3Error('AccessDenied', {
        message: 'Access Denied because object protected by object lock.',
      })
    }
    return { ...old, retention }
  })
}

export const getObjectLegalHold: Handler = async (request, server) => {
  requireObjectLock(bucketOf(request, server))
  const { legalHold } = findVersion(request, server).version
  return xmlReply(buildXml('LegalHold', { Status: legalHold ? 'ON' : 'OFF' }))
}

export const putObjectLegalHold: Handler = async (request, server) => {
  requireObjectLock(bucketOf(request, server))
  const root = parseXml(await readText(request.body), 'LegalHold')
  const legalHold = parseHold(root.requiredText('Status'))
  return changeVersion(request, server, (old) => ({ ...old, legalHold }))
}

async function changeVersion(
  request: S3Request,
  server: ServerState,
  change: (old: ObjectVersion) => ObjectVersion,
): Promise<Reply> {
  const { bucket, version } = findVersion(request, server)
  await bucket.update(version.key, () => findVersion(request, server).version, change)
  return { status: 200 }
}

/** A retention in force may be made longer, and governance may become compliance, but not less. */
function weakens(
  { retention: old }: ObjectVersion,
  fresh: Retention | undefined,
  nowMs: number,
): boolean {
  if (!old || old.untilMs <= nowMs) return false
  if (!fresh || fresh.untilMs < old.untilMs) return true
  return old.mode === 'COMPLIANCE' && fresh.mode === 'GOVERNANCE'
}

function readDefaultRetention(rule: XmlElement): DefaultRetention {
  const days = rule.text('Days')
  const years = rule.text('Years')
  const count = Number(days ?? years)
  if ((days === undefined) === (years === undefined) || !Number.isInteger(count)) {
    throw new S3Error('MalformedXML')
  }
  if (count < 1 || count > (days === undefined ? 100 : 36_500)) {
    throw new S3Error('InvalidArgument', {
      message: 'Default retention period must be a positive integer value.',
    })
  }
  return {
    mode: parseMode(rule.requiredText('Mode')),
    unit: days === undefined ? 'Years' : 'Days',
    count,
  }
}
