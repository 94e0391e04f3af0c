import { parseBackupId } from '@backstream/kernel'
import type { Storage } from '@backstream/storage'
import { BackupError } from './errors.ts'
import { planPrefix, slotKey } from './layout.ts'
import type { Manifest } from './manifest.ts'
import { mapBatches } from './map-batches.ts'
import type { Note } from './notes.ts'
import { byFenceDescending } from './plan-history.ts'
import { readSlot } from './slot.ts'

/** The backups of a plan as the bucket tells them; nothing else is asked. */
export interface PlanBackups {
  readonly plan: string
  /** Newest first: highest fence. */
  readonly backups: readonly Manifest[]
  /** Manifests that are there but cannot be used, in words. They count as no backup. */
  readonly unreadable: readonly { readonly backup: string; readonly message: string }[]
}

export interface ListBackupsOptions {
  readonly signal?: AbortSignal
  /** Read no more than the newest so many slots. */
  readonly limit?: number
  /** For whoever looks again and again. */
  readonly memory?: BackupMemory
}

/**
 * What slots and notes were found to say, by where they lie. Neither ever changes, so that a look at
 * what was looked at before costs its listings only; what is listed no more is forgotten. A slot is
 * read again when its ETag is another: a void may follow a manifest that was pruned.
 */
export interface BackupMemory {
  readonly slots: Map<string, RememberedSlot>
  readonly notes: Map<string, Note>
}

export interface RememberedSlot {
  readonly etag: string | undefined
  readonly said: Manifest | 'void'
}

export function createBackupMemory(): BackupMemory {
  return { slots: new Map(), notes: new Map() }
}

export async function listBackups(
  storage: Storage,
  plan: string,
  options: ListBackupsOptions = {},
): Promise<PlanBackups> {
  const slots = await listSlots(storage, plan, options.signal)
  const wanted = slots.slice(0, options.limit ?? slots.length)
  if (options.memory) forgetOthers(options.memory, { storage, plan }, slots)
  const read = await mapBatches(wanted, (slot) => lookInSlot(storage, { plan, ...slot }, options))
  const backups = read.flatMap((look) => (look.kind === 'manifest' ? [look.manifest] : []))
  const unreadable = read.flatMap((look) => (look.kind === 'unreadable' ? [look] : []))
  return { plan, backups, unreadable }
}

/**
 * The manifests of a plan, newest first, those that cannot be read among them: read no further than
 * somebody asks, a few ahead and then more, so that the newest of ten thousand costs a few requests.
 */
export async function* readNewestFirst(
  storage: Storage,
  plan: string,
  options: Pick<ListBackupsOptions, 'signal'> & {
    readonly isWanted?: (backup: string) => boolean
  } = {},
): AsyncGenerator<Exclude<SlotLook, { kind: 'void' }>, void, undefined> {
  const { isWanted = () => true } = options
  const slots = await listSlots(storage, plan, options.signal)
  const wanted = slots.filter(({ backup }) => isWanted(backup))
  let ahead = 4
  for (let at = 0; at < wanted.length; ) {
    const some = wanted.slice(at, at + ahead)
    const looks = await mapBatches(some, (slot) => lookInSlot(storage, { plan, ...slot }, options))
    for (const look of looks) if (look.kind !== 'void') yield look
    at += some.length
    ahead = Math.min(2 * ahead, 256)
  }
}

/** Names of the plans that have anything below this prefix, in byte order. */
export async function listPlans(storage: Storage, signal?: AbortSignal): Promise<string[]> {
  const plans: string[] = []
  for await (const item of storage.listLevel('', { signal })) {
    if (item.kind === 'prefix') plans.push(item.prefix.slice(0, -1))
  }
  return plans.filter((name) => /^[a-z0-9][a-z0-9-]{0,62}$/.test(name))
}

interface ListedSlot {
  readonly backup: string
  readonly etag: string | undefined
}

async function listSlots(
  storage: Storage,
  plan: string,
  signal?: AbortSignal,
): Promise<ListedSlot[]> {
  const prefix = planPrefix(plan)
  const slots: ListedSlot[] = []
  for await (const item of storage.listLevel(prefix, { signal })) {
    if (item.kind !== 'object' || !item.key.endsWith('.json')) continue
    const backup = item.key.slice(prefix.length, -'.json'.length)
    if (parseBackupId(backup)) slots.push({ backup, etag: item.etag })
  }
  return slots.sort((a, b) => byFenceDescending(a.backup, b.backup))
}

function forgetOthers(
  memory: BackupMemory,
  at: { readonly storage: Storage; readonly plan: string },
  slots: readonly ListedSlot[],
): void {
  const listed = new Set(slots.map(({ backup }) => backup))
  const prefix = `${at.storage.location}/${planPrefix(at.plan)}`
  for (const kept of [memory.slots, memory.notes]) {
    for (const key of kept.keys()) {
      // `<id>.json`, or `<id>/notes/…`.
      const [id = ''] = key.slice(prefix.length).split(/[./]/)
      if (key.startsWith(prefix) && !listed.has(id)) kept.delete(key)
    }
  }
}

type SlotLook =
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'void' }
  | { readonly kind: 'unreadable'; readonly backup: string; readonly message: string }

async function lookInSlot(
  storage: Storage,
  at: ListedSlot & { readonly plan: string },
  { signal, memory }: ListBackupsOptions,
): Promise<SlotLook> {
  const key = slotKey(at.plan, at.backup)
  const known = memory?.slots.get(`${storage.location}/${key}`)
  if (known && known.etag === at.etag) {
    const { said } = known
    return said === 'void' ? { kind: 'void' } : { kind: 'manifest', manifest: said }
  }
  try {
    const slot = await readSlot(storage, key, signal)
    if (slot) {
      const said = slot.kind === 'manifest' ? slot.manifest : 'void'
      memory?.slots.set(`${storage.location}/${key}`, { etag: at.etag, said })
    }
    return slot?.kind === 'manifest' ? slot : { kind: 'void' }
  } catch (error) {
    if (!(error instanceof BackupError)) throw error
    return { kind: 'unreadable', backup: at.backup, message: error.message }
  }
}
