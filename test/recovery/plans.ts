import { createHash } from 'node:crypto'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { contentOf, type TestS3 } from '@backstream/testkit'
import { idleSeconds } from './timing.ts'

/** What every plan of the matrix sends, in two pieces; the first fills more than two parts. */
export interface Content {
  readonly first: string
  readonly rest: string
  /** Of both together, as the archive must give them back. */
  readonly sha256: string
}

const mebibyte = 1024 * 1024
const usualBytes = { first: 17 * mebibyte, rest: 2 * mebibyte }
const sourceScript = fileURLToPath(new URL('source.sh', import.meta.url))

export async function writeContent(
  folder: string,
  bytesOf: { readonly first: number; readonly rest: number } = usualBytes,
): Promise<Content> {
  const hash = createHash('sha256')
  for (const [name, bytes] of Object.entries(bytesOf)) {
    const content = Buffer.concat([...contentOf({ bytes, like: 'noise', seed: bytes })])
    hash.update(content)
    await writeFile(join(folder, name), content)
  }
  return { first: join(folder, 'first'), rest: join(folder, 'rest'), sha256: hash.digest('hex') }
}

/** The folder a plan's source stands in. */
export async function makePlanFolder(folder: string, content: Content): Promise<void> {
  await mkdir(folder, { recursive: true })
  await symlink(content.first, join(folder, 'first'))
  await symlink(content.rest, join(folder, 'rest'))
}

export interface PlanKeys {
  readonly [key: string]: unknown
}

/** Every four years, so that only the test starts runs. */
export const hardlyEver = '0 0 29 2 *'

/** A plan that reads `source.sh`. */
export function scriptedPlan(folder: string, schedule: unknown = hardlyEver): PlanKeys {
  return {
    schedule,
    source: { kind: 'command', argv: ['sh', sourceScript, folder] },
  }
}

/** The whole configuration, as JSON, which is YAML. */
export function configuration(
  name: string,
  s3: TestS3,
  plans: Readonly<Record<string, PlanKeys>>,
): string {
  return JSON.stringify({
    version: 1,
    name,
    redis: '${REDIS_URL}',
    // So many that nobody waits; that a dead worker's places come free is what is looked at.
    limits: { uplink: 6 },
    storages: {
      main: {
        kind: 's3',
        bucket: s3.bucket,
        prefix: s3.prefix,
        region: s3.region,
        endpoint: '${S3_ENDPOINT}',
        pathStyle: true,
        credentials: { accessKeyId: { env: 'S3_ID' }, secretAccessKey: { env: 'S3_SECRET' } },
        profile: { partSize: '5MiB' },
      },
    },
    defaults: {
      storage: 'main',
      limits: ['uplink'],
      runsOn: 'any',
      attempts: 3,
      backoff: { delay: '1s', factor: 1, max: '1s' },
      idleTimeout: `${idleSeconds}s`,
      compression: { algorithm: 'none' },
    },
    plans,
  })
}
