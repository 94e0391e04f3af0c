import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { systemClock } from '@backstream/kernel'
import { type LoggedRequest, type S3Server, startS3Server } from '@backstream/s3-embedded'
import { leakGuard, temporaryDirectory, waitFor } from '@backstream/testkit'
import { type Installation, openInstallation } from './cli-installation.ts'

/** The keys of the roles; nothing is denied to them here: what they do is held against the policies. */
const keys = {
  writer: { accessKeyId: 'writer', secretAccessKey: 'writer-secret' },
  maintenance: { accessKeyId: 'maintenance', secretAccessKey: 'maintenance-secret' },
  reader: { accessKeyId: 'reader', secretAccessKey: 'reader-secret' },
} as const
type Role = keyof typeof keys

/** What IAM wants to be allowed for each operation; with versions, for those of versions too. */
const actions: Readonly<Record<string, readonly string[]>> = {
  HeadBucket: ['s3:ListBucket'],
  ListObjectsV2: ['s3:ListBucket'],
  ListObjectVersions: ['s3:ListBucketVersions'],
  ListMultipartUploads: ['s3:ListBucketMultipartUploads'],
  GetBucketVersioning: ['s3:GetBucketVersioning'],
  GetBucketLifecycleConfiguration: ['s3:GetLifecycleConfiguration'],
  GetObjectLockConfiguration: ['s3:GetBucketObjectLockConfiguration'],
  HeadObject: ['s3:GetObject', 's3:GetObjectVersion'],
  GetObject: ['s3:GetObject', 's3:GetObjectVersion'],
  PutObject: ['s3:PutObject'],
  CreateMultipartUpload: ['s3:PutObject'],
  UploadPart: ['s3:PutObject'],
  CompleteMultipartUpload: ['s3:PutObject'],
  AbortMultipartUpload: ['s3:AbortMultipartUpload'],
  ListParts: ['s3:ListMultipartUploadParts'],
  DeleteObject: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
  DeleteObjects: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
  GetObjectRetention: ['s3:GetObjectRetention'],
  PutObjectRetention: ['s3:PutObjectRetention'],
}

interface Policy {
  readonly Statement: readonly { readonly Action: string[]; readonly Resource: string[] }[]
}

let folder: Awaited<ReturnType<typeof temporaryDirectory>>
let server: S3Server
let here: Installation
before(async () => {
  folder = await temporaryDirectory('policies')
  const extraKeys = Object.values(keys).map((pair) => ({ ...pair, deny: [] }))
  server = await startS3Server({ dir: folder.path, buckets: [], extraKeys })
  const { endpoint, region } = server
  const client = adminClient()
  await client.send(new CreateBucketCommand({ Bucket: 'safe', ObjectLockEnabledForBucket: true }))
  client.destroy()
  const place = { endpoint, region, bucket: 'safe', prefix: 'prod' }
  here = await openInstallation({
    s3: { ...place, ...keys.writer, [Symbol.asyncDispose]: async () => {} },
    isServed: false,
    plans: (tree) => `
  home:
    retention: { keepLast: 1 }
    source: { kind: directory, path: ${tree} }
    drill: { every: 30d, to: ${tree}/../scratch }
  broken: { source: { kind: command, argv: [sh, -c, "head -c 9000000 /dev/urandom; exit 3"] } }
  locked: { storage: vault, source: { kind: command, argv: [echo, hello] } }
`,
  })
  const file = join(here.folder, 'backstream.yaml')
  const { maintenance } = keys
  const separate = `maintenance: { credentials: { accessKeyId: ${maintenance.accessKeyId}, secretAccessKey: ${maintenance.secretAccessKey} } }`
  const config = (await readFile(file, 'utf8')).replace(
    /^ {2}main:\n((?: {4}.*\n)+)/m,
    (main, body: string) =>
      `${main}    ${separate}\n  vault:\n${body.replace(/prefix: .*/, 'prefix: vault')}` +
      `    ${separate}\n    lock: { mode: governance, for: 1d }\n`,
  )
  await writeFile(file, config)
})
after(async () => {
  await here?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
  await folder?.[Symbol.asyncDispose]()
})
leakGuard()

async function run(...args: string[]): Promise<void> {
  const { status, stdout, stderr } = await here.run(args)
  ok(status === 0 || args.includes('broken'), `${args.join(' ')}: ${status}\n${stdout}${stderr}`)
}

/** Everything that touches the bucket, each with the credentials it has by itself. */
async function doAll(): Promise<void> {
  await run('doctor')
  {
    await using worker = here.start(['worker'])
    await worker.waitForOutput(/serves backups/)
    for (const plan of ['home', 'home', 'locked', 'broken']) await run('run', plan, '--wait')
    await waitFor(async () => (await here.json(['list', 'home'])).backups.length === 1, {
      ...{ timeoutMs: 60_000, what: 'the pruning behind a run' },
    })
    await waitFor(async () => (await here.json(['list', 'locked'])).backups[0].lockedUntil, {
      ...{ timeoutMs: 60_000, what: 'the lock behind a run' },
    })
    await run('drill', 'home')
  }
  await run('verify', 'home', '--deep')
  await run('verify', 'locked')
  await run('pin', 'home')
  await run('unpin', 'home')
  await run('status')
  await run('report', '--since', '1d')
  await run('prune', `home/${prunedOf('home')}`, '--undo')
  await run('prune', 'home', '--confirm')
  await leaveAnUpload()
  await run('sweep', '--confirm', '--grace', '0s')
  const env = {
    ...here.env,
    AWS_ACCESS_KEY_ID: keys.reader.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.reader.secretAccessKey,
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_REGION: server.region,
  }
  const from = ['--from', 's3://safe/prod']
  for (const more of [[], ['--as-of', new Date(systemClock.now()).toISOString()]]) {
    const to = join(here.folder, `restored${more.length}`)
    const restored = await here.run(['restore', 'home', '--to', to, ...from, ...more], { env })
    equal(restored.status, 0, restored.stderr)
  }
}

/** By the record that stays of it. */
function prunedOf(plan: string): string {
  const record = new RegExp(`_pruned/${plan}/(.*)\\.json$`)
  const [backup] = server.requests
    .entries('PutObject')
    .flatMap(({ key = '' }) => record.exec(key)?.[1] ?? [])
  ok(backup)
  return backup
}

/** As a worker that died would. */
async function leaveAnUpload(): Promise<void> {
  const { backups } = await here.json(['list', 'home'])
  const client = adminClient()
  const Key = `prod/home/${backups[0].backup}/archive.tar.zst`
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: 'safe', Key }))
  await client.send(
    new UploadPartCommand({ Bucket: 'safe', Key, UploadId, PartNumber: 1, Body: 'half' }),
  )
  client.destroy()
}

function adminClient(): S3Client {
  const { endpoint, region, accessKeyId, secretAccessKey } = server
  const credentials = { accessKeyId, secretAccessKey }
  return new S3Client({ endpoint, region, credentials, forcePathStyle: true })
}

/** As IAM matches: a star stands for any characters, slashes too. */
function allows({ Statement }: Policy, action: string, { bucket, key }: LoggedRequest): boolean {
  const arn = `arn:aws:s3:::${bucket}${key === undefined ? '' : `/${key}`}`
  return Statement.filter(({ Action }) => Action.includes(action))
    .flatMap(({ Resource }) => Resource)
    .some((resource) => {
      const parts = resource.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      return new RegExp(`^${parts.join('.*')}$`).test(arn)
    })
}

async function policyOf(role: Role): Promise<Policy> {
  return JSON.parse((await here.run(['doctor', '--policy', role])).stdout)
}

describe('the policies of doctor', () => {
  let asked: readonly LoggedRequest[]
  before(async () => {
    await doAll()
    await server.requests.idle()
    asked = server.requests.entries()
  })

  for (const role of ['writer', 'maintenance', 'reader'] as const) {
    it(`allow the ${role} all that it does, key by key`, async () => {
      const policy = await policyOf(role)
      const own = asked.filter(({ accessKeyId }) => accessKeyId === keys[role].accessKeyId)
      ok(own.length > 0)
      const denied = own.flatMap((request) =>
        (actions[request.operation] ?? [request.operation])
          .filter((action) => !allows(policy, action, request))
          .map((action) => `${action} ${request.key ?? request.bucket}`),
      )
      deepEqual([...new Set(denied)], [])
    })
  }

  for (const [role, unused] of [
    ['writer', []],
    // Where there are no other credentials they are the writer's too, and `doctor` looks with them.
    [
      'maintenance',
      [
        's3:GetBucketVersioning',
        's3:GetBucketObjectLockConfiguration',
        's3:GetLifecycleConfiguration',
      ],
    ],
    ['reader', []],
  ] as const) {
    it(`allow the ${role} nothing that it never does`, async () => {
      const own = asked.filter(({ accessKeyId }) => accessKeyId === keys[role].accessKeyId)
      const used = new Set(own.flatMap(({ operation }) => actions[operation] ?? []))
      const { Statement } = await policyOf(role)
      const allowed = new Set(Statement.flatMap(({ Action }) => Action))
      deepEqual(
        [...allowed].filter((action) => !used.has(action)),
        unused,
      )
    })
  }
})
