/**
 * A stranger's look at a bucket: which backups are there, is each of them whole, and is there anything
 * that none of them accounts for. Written from the layout the documentation gives, and from no code of
 * the product: an error of the one must not hide in the other.
 */
import { createHash } from 'node:crypto'
import type { AuditStore } from './audit-store.ts'
import { streamInTar } from './read-tar.ts'

export interface AuditedBackup {
  readonly plan: string
  readonly backup: string
  readonly fence: number
  /** Of the job, without its time. */
  readonly jobId: string
}

export interface BucketAudit {
  /** Every manifest, whole or not. */
  readonly backups: readonly AuditedBackup[]
  /** Objects and uploads that no manifest accounts for. */
  readonly orphans: readonly string[]
  /** Manifests whose objects are not there as they were written down. */
  readonly broken: readonly string[]
  /** Manifests beyond the first of one run, or of one fence of a plan. */
  readonly duplicates: readonly string[]
}

export interface BucketAuditOptions {
  /** Looks at this plan alone. */
  readonly plan?: string
  /** What a plan's source sent: sha256 of the stream; undefined where that is not known. */
  contentOf(plan: string): string | undefined
  /** Backups that were found whole before: not read again. */
  readonly seen?: Set<string>
}

const slotShape = /^([a-z0-9][a-z0-9-]{0,62})\/(\d{8}T\d{6}Z-(\d{6,}))\.json$/
const besideShape =
  /^([a-z0-9][a-z0-9-]{0,62})\/(\d{8}T\d{6}Z-\d{6,})\/(?:RESTORE\.md|notes\/[^/]+\.json)$/

export async function auditBucket(
  store: AuditStore,
  options: BucketAuditOptions,
): Promise<BucketAudit> {
  const isAskedFor = (key: string) => !options.plan || key.startsWith(`${options.plan}/`)
  // Uploads first: one that is completed in between is then seen as an object.
  const uploads = (await store.uploads()).filter(isAskedFor)
  const keys = (await store.keys()).filter(isAskedFor)
  const accounted = new Set(['backstream.json'])
  const backups: AuditedBackup[] = []
  const broken: string[] = []
  for (const key of keys) {
    const slot = await readSlot(store, key)
    if (slot === undefined) continue
    accounted.add(key)
    if (slot === 'void') continue
    backups.push(slot.backup)
    for (const part of [...slot.names, ...keysBeside(slot.backup, keys)]) accounted.add(part)
    const problem = options.seen?.has(key) ? undefined : await findProblem(store, slot, options)
    if (problem === undefined) options.seen?.add(key)
    else broken.push(`${key}: ${problem}`)
  }
  return {
    backups,
    broken,
    duplicates: findDuplicates(backups),
    orphans: [
      ...keys.filter((key) => !accounted.has(key)),
      ...uploads.map((key) => `${key} (upload in progress)`),
    ],
  }
}

interface Slot {
  readonly backup: AuditedBackup
  /** Keys of its archive's volumes and of its index. */
  readonly names: readonly string[]
  readonly manifest: StoredManifest
}

interface StoredObject {
  readonly key: string
  readonly bytes: number
  readonly sha256: string
}

interface StoredManifest {
  readonly plan: string
  readonly backup: string
  readonly run: { readonly id: string; readonly fence: number }
  readonly archives: readonly StoredObject[]
  readonly index: StoredObject
  readonly compression: { readonly algorithm: string }
}

async function readSlot(store: AuditStore, key: string): Promise<Slot | 'void' | undefined> {
  const [, plan, backup, fence] = slotShape.exec(key) ?? []
  if (plan === undefined || backup === undefined) return undefined
  const bytes = await store.read(key)
  if (!bytes) return undefined
  const json = JSON.parse(new TextDecoder().decode(bytes))
  if (json.void === true) return 'void'
  const manifest = json as StoredManifest
  return {
    backup: { plan, backup, fence: Number(fence), jobId: manifest.run.id.replace(/@\d+$/, '') },
    names: [...manifest.archives.map(({ key: name }) => name), manifest.index.key],
    manifest,
  }
}

/** Guide and notes belong to a backup without being named by its manifest. */
function keysBeside({ plan, backup }: AuditedBackup, keys: readonly string[]): string[] {
  return keys.filter((key) => {
    const [, ofPlan, ofBackup] = besideShape.exec(key) ?? []
    return ofPlan === plan && ofBackup === backup
  })
}

async function findProblem(
  store: AuditStore,
  { backup, manifest }: Slot,
  options: BucketAuditOptions,
): Promise<string | undefined> {
  if (manifest.plan !== backup.plan || manifest.backup !== backup.backup) return 'names another'
  if (manifest.run.fence !== backup.fence) return 'has another fence than its name'
  if (!(await store.read(`${backup.plan}/${backup.backup}/RESTORE.md`))) return 'has no RESTORE.md'
  const volumes: Uint8Array[] = []
  for (const named of [...manifest.archives, manifest.index]) {
    const bytes = await store.read(named.key)
    const problem = compare(named, bytes)
    if (problem) return problem
    if (named !== manifest.index && bytes) volumes.push(bytes)
  }
  const sent = options.contentOf(backup.plan)
  if (sent === undefined || manifest.compression.algorithm !== 'none') return undefined
  const hash = createHash('sha256')
  for (const content of streamInTar(Buffer.concat(volumes), backup.plan)) hash.update(content)
  return hash.digest('hex') === sent ? undefined : 'does not hold what its source sent'
}

function compare(named: StoredObject, bytes: Uint8Array | undefined): string | undefined {
  if (!bytes) return `${named.key} is not there`
  if (bytes.length !== named.bytes) return `${named.key} has ${bytes.length} bytes`
  return sha256(bytes) === named.sha256 ? undefined : `${named.key} has another sha256`
}

function findDuplicates(backups: readonly AuditedBackup[]): string[] {
  const seen = new Set<string>()
  return backups.flatMap(({ plan, backup, fence, jobId }) => {
    const marks = [`run ${jobId}`, `fence ${plan} ${fence}`]
    const twice = marks.filter((mark) => seen.has(mark))
    for (const mark of marks) seen.add(mark)
    return twice.length > 0 ? [`${plan}/${backup}: a second one of ${twice.join(', ')}`] : []
  })
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
