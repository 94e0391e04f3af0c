import { isIP } from 'node:net'
import * as z from 'zod'
import type { StorageConfig, StorageCredentials, StorageProfileConfig } from '../model.ts'
import { ValueError } from '../value-error.ts'
import { type Hints, keys } from './keys.ts'
import {
  absolutePath,
  choice,
  duration,
  flag,
  rate,
  read,
  refuse,
  secret,
  size,
  text,
  webUrl,
  wholeNumber,
} from './value.ts'

const credentials = keys(
  {
    accessKeyId: secret('Access key id'),
    secretAccessKey: secret('Secret access key: { env: NAME } or { file: PATH }'),
    sessionToken: secret('Session token, with temporary credentials').optional(),
  },
  { accessKey: 'did you mean accessKeyId?', secretKey: 'did you mean secretAccessKey?' },
).transform((value): StorageCredentials => {
  return { ...value, sessionToken: value.sessionToken ?? null }
})

const sse = z
  .union([
    choice(['AES256'], 'Keys kept by the store'),
    keys({ kms: text('Id of the key in KMS') }),
  ])
  .describe('Encryption by the store: AES256, or { kms: KEY_ID }')
  .transform((value) =>
    typeof value === 'string'
      ? ({ kind: 'AES256' } as const)
      : ({ kind: 'kms', keyId: value.kms } as const),
  )

const profile = keys({
  maxParts: wholeNumber('Parts of one upload', { min: 1, max: 10_000 }).optional(),
  partSize: size('Size of one part').optional(),
  conditionalPut: flag('Whether If-None-Match is honoured').optional(),
  checksums: flag('Whether CRC32s of whole objects are compared and kept, as on AWS').optional(),
  md5Etags: flag('False where ETags look like MD5s and are none').optional(),
})
  .describe('Limits of the provider; probed when left out')
  .transform(({ partSize: partBytes, ...known }): StorageProfileConfig => {
    const said = Object.entries({ ...known, partBytes }).filter(([, value]) => value !== undefined)
    return Object.fromEntries(said)
  })

/** Longer than a year and its month: whoever means less has written a wrong unit. */
const longUnconfirmedMs = 400 * 24 * 3_600_000

const lock = keys({
  mode: choice(['governance', 'compliance'], 'Who may still delete: some, or nobody'),
  for: duration('How long after the backup'),
  confirm: duration(
    'The same once more, for compliance over 400 days: nobody can delete before, nor the owner of the account',
  ).optional(),
})
  .describe('Object lock, set after each backup; the bucket must have it enabled')
  .transform((value, context): NonNullable<StorageConfig['lock']> => {
    const { mode, for: forMs, confirm } = value
    const isGrave = mode === 'compliance' && forMs > longUnconfirmedMs
    if (isGrave && confirm !== forMs) {
      return refuse(context, {
        path: ['confirm'],
        message: 'for so long nobody can delete these backups, nor stop paying for them',
        remedy: 'if that is meant, write the same duration as confirm',
      })
    }
    return { mode, forMs }
  })

const shape = {
  kind: z.literal('s3').describe('s3: anything that speaks the S3 protocol'),
  bucket: read(checkBucket, { description: 'Name of the bucket' }),
  prefix: read(checkPrefix, {
    description: 'Where in the bucket, without slashes at its ends; its root when left out',
  }).optional(),
  region: text('Region; that of the environment when left out').optional(),
  endpoint: webUrl('Address of the S3 server; left out for AWS').optional(),
  pathStyle: flag(
    'The bucket in the path instead of the host name; most servers other than AWS want it',
  ).optional(),
  credentials: credentials
    .describe('Left out: as the AWS tools find them (AWS_* variables, profile, machine role)')
    .optional(),
  maintenance: keys({
    credentials: credentials.describe('Credentials that may delete'),
  })
    .describe('Other credentials for prune, sweep and lock')
    .optional(),
  storageClass: text('Storage class, as the store names it').optional(),
  sse: sse.optional(),
  tags: z
    .record(z.string().min(1), text('Value of the tag'))
    .describe('Tags of every object: at most 10')
    .optional(),
  lock: lock.optional(),
  caFile: absolutePath('Certificates to trust beside those of the system').optional(),
  proxy: webUrl('HTTP proxy on the way to the store').optional(),
  bandwidth: rate('What all runs of one worker may send there together: 20MiB/s').optional(),
  maxRuns: wholeNumber('How many runs may write to it at once', { min: 1, max: 10_000 }).optional(),
  profile: profile.optional(),
} as const

const hints: Hints = {
  forcePathStyle: 'did you mean pathStyle?',
  s3ForcePathStyle: 'did you mean pathStyle?',
  url: 'did you mean endpoint?',
  path: 'did you mean prefix?',
  accessKeyId: 'it belongs below credentials',
  secretAccessKey: 'it belongs below credentials',
  sessionToken: 'it belongs below credentials',
}

export const storageSchema: z.ZodType<Omit<StorageConfig, 'name'>> = keys(shape, hints)
  .describe('A place for backups')
  .transform((value) => {
    const endpoint = value.endpoint ?? null
    return {
      kind: value.kind,
      bucket: value.bucket,
      prefix: value.prefix ?? '',
      region: value.region ?? null,
      endpoint,
      pathStyle: value.pathStyle ?? needsPathStyle(endpoint),
      credentials: value.credentials ?? null,
      maintenance: value.maintenance ?? null,
      storageClass: value.storageClass ?? null,
      sse: value.sse ?? null,
      tags: value.tags ?? {},
      lock: value.lock ?? null,
      caFile: value.caFile ?? null,
      proxy: value.proxy ?? null,
      bandwidthBytesPerSecond: value.bandwidth ?? null,
      maxRuns: value.maxRuns ?? null,
      profile: value.profile ?? null,
    }
  })

/** A bucket cannot stand before the host name where that is an address. */
function needsPathStyle(endpoint: string | null): boolean {
  if (endpoint === null) return false
  const host = new URL(endpoint).hostname.replace(/^\[|\]$/g, '')
  return isIP(host) !== 0 || !host.includes('.')
}

function checkBucket(value: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/.test(value)) return value
  const isAddress = value.startsWith('s3://') || value.includes('/')
  throw new ValueError('not the name of a bucket', {
    remedy: isAddress
      ? 'write the name alone, and what follows it as prefix'
      : 'at least three letters, digits, dots or dashes',
  })
}

function checkPrefix(value: string): string {
  const prefix = value.replace(/^\/+|\/+$/g, '')
  const parts = prefix === '' ? [] : prefix.split('/')
  const isPlain = parts.every((part) => part !== '' && part !== '.' && part !== '..')
  if (isPlain && !/[\\\p{Cc}]/u.test(prefix) && prefix.length <= 512) return prefix
  throw new ValueError('not a prefix', { remedy: 'write names and single slashes: prod/home' })
}
