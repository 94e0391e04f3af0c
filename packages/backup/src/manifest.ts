import * as z from 'zod'
import { BackupError } from './errors.ts'
import type { CompressionAlgorithm } from './layout.ts'

/** The newest manifest this code understands; a manifest may ask for more by `minReader`. */
export const readerVersion = 1
export const manifestFormat = 'backstream/1'

/**
 * The small JSON object whose presence makes a backup. Sizes in bytes, times ISO 8601 UTC.
 * Fields are only ever added; a reader keeps what it does not know.
 */
export interface Manifest {
  readonly format: typeof manifestFormat
  readonly minReader: number
  readonly plan: string
  readonly backup: string
  readonly kind: 'full'
  readonly parent: null
  readonly trigger: 'schedule' | 'manual' | 'catchup'
  readonly run: ManifestRun
  /** Volumes in order; their concatenation is the archive. Keys are relative to the storage's prefix. */
  readonly archives: readonly ManifestArchive[]
  readonly compression: {
    readonly algorithm: CompressionAlgorithm
    readonly level: number
    readonly frames: number
    readonly frameBytes: number
  }
  /** Not null: `sources[].at` is then a number, and nothing else here names what is inside. */
  readonly encryption: null | {
    /** `age` */
    readonly format: string
    readonly recipients: readonly string[]
    /** Of the archive, and of the index: the payload follows, its nonce first. */
    readonly headerBytes: number
  }
  /** Of the plain tar. `crc32` as eight hex digits. */
  readonly content: {
    readonly entries: number
    readonly files: number
    readonly bytes: number
    readonly crc32: string
    readonly sha256: string | null
  }
  readonly index: {
    readonly key: string
    readonly bytes: number
    readonly sha256: string
    readonly footer: { readonly offset: number; readonly bytes: number }
  }
  readonly sources: readonly ManifestSource[]
  readonly status: 'good' | 'suspect'
  readonly suspect: readonly {
    readonly rule: string
    readonly expected: string
    readonly found: string
  }[]
  readonly warnings: readonly { readonly code: string; readonly count: number }[]
  readonly store: { readonly storageClass: string | null; readonly sse: string | null }
  readonly previous: { readonly backup: string; readonly sha256: string } | null
  readonly tool: { readonly name: string; readonly version: string }
}

export interface ManifestRun {
  readonly id: string
  readonly attempt: number
  readonly fence: number
  readonly worker: string
  readonly host: string
  readonly scheduledFor: string | null
  readonly startedAt: string
  readonly finishedAt: string
}

export interface ManifestArchive {
  readonly key: string
  readonly bytes: number
  readonly sha256: string
  readonly etag: string | null
  readonly versionId: string | null
  /** How the stored bytes were compared with ours: `crc64nvme`, `crc32`, `sha256`, `md5` or `size`. */
  readonly check: string
}

export interface ManifestSource {
  readonly kind: string
  readonly at: string
  readonly bytes: number
  readonly entries: number
  readonly firstFrame: number
  readonly lastFrame: number
  readonly consistency: string
}

/** Takes the place of a manifest when an attempt is given up, so that it can never be committed. */
export interface SlotVoid {
  readonly format: typeof manifestFormat
  readonly void: true
  readonly by: string
  readonly reason: string
  readonly at: string
}

export type SlotContent =
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'void'; readonly void: SlotVoid }

const count = z.int().nonnegative()
const time = z.iso.datetime()
const hex64 = z.string().regex(/^[0-9a-f]{64}$/)
const manifestSchema = z.looseObject({
  format: z.literal(manifestFormat),
  minReader: count,
  plan: z.string(),
  backup: z.string(),
  kind: z.literal('full'),
  parent: z.null(),
  trigger: z.enum(['schedule', 'manual', 'catchup']),
  run: z.looseObject({
    id: z.string(),
    attempt: count,
    fence: count,
    worker: z.string(),
    host: z.string(),
    scheduledFor: time.nullable(),
    startedAt: time,
    finishedAt: time,
  }),
  archives: z
    .array(
      z.looseObject({
        key: z.string(),
        bytes: count,
        sha256: hex64,
        etag: z.string().nullable(),
        versionId: z.string().nullable(),
        check: z.string(),
      }),
    )
    .min(1),
  compression: z.looseObject({
    algorithm: z.enum(['zstd', 'gzip', 'none']),
    level: z.number(),
    frames: count,
    frameBytes: count,
  }),
  encryption: z
    .looseObject({ format: z.string(), recipients: z.array(z.string()), headerBytes: count })
    .nullable(),
  content: z.looseObject({
    entries: count,
    files: count,
    bytes: count,
    crc32: z.string().regex(/^[0-9a-f]{8}$/),
    sha256: hex64.nullable(),
  }),
  index: z.looseObject({
    key: z.string(),
    bytes: count,
    sha256: hex64,
    footer: z.looseObject({ offset: count, bytes: count }),
  }),
  sources: z.array(
    z.looseObject({
      kind: z.string(),
      at: z.string(),
      bytes: count,
      entries: count,
      firstFrame: count,
      lastFrame: count,
      consistency: z.string(),
    }),
  ),
  status: z.enum(['good', 'suspect']),
  suspect: z.array(z.looseObject({ rule: z.string(), expected: z.string(), found: z.string() })),
  warnings: z.array(z.looseObject({ code: z.string(), count })),
  store: z.looseObject({ storageClass: z.string().nullable(), sse: z.string().nullable() }),
  previous: z.looseObject({ backup: z.string(), sha256: hex64 }).nullable(),
  tool: z.looseObject({ name: z.string(), version: z.string() }),
})
const voidSchema = z.looseObject({
  format: z.literal(manifestFormat),
  void: z.literal(true),
  by: z.string(),
  reason: z.string(),
  at: time,
})

/** Two-space JSON with a final newline: people read manifests at 3 a.m. */
export function serializeSlot(content: Manifest | SlotVoid): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(content, null, 2)}\n`)
}

/**
 * Reads what stands in a slot. `key` is for messages, and must be the key it was read from: a
 * manifest that names another plan or backup than its key does is refused.
 */
export function parseSlot(key: string, bytes: Uint8Array): SlotContent {
  const json = parseJson(key, bytes)
  if (voidSchema.safeParse(json).success) return { kind: 'void', void: json as SlotVoid }
  refuseTooNew(key, json)
  const parsed = manifestSchema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw invalid(key, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not a manifest'}`)
  }
  const manifest = parsed.data as Manifest
  if (key !== `${manifest.plan}/${manifest.backup}.json`) {
    throw invalid(key, `it says it is ${manifest.plan}/${manifest.backup}`)
  }
  return { kind: 'manifest', manifest }
}

function parseJson(key: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw invalid(key, 'it is not JSON', cause)
  }
}

function refuseTooNew(key: string, json: unknown): void {
  const minReader = (json as { minReader?: unknown } | null)?.minReader
  if (typeof minReader === 'number' && minReader > readerVersion) {
    throw new BackupError('manifest-too-new', `The manifest ${key} needs a newer Backstream`, {
      permanent: true,
      remedy: `Use a version that reads format ${minReader}, or restore by hand with the RESTORE.md beside it.`,
    })
  }
}

function invalid(key: string, why: string, cause?: unknown): BackupError {
  return new BackupError('manifest-invalid', `The manifest ${key} cannot be used: ${why}`, {
    cause,
    permanent: true,
    remedy: 'Look at the object; RESTORE.md beside the archive tells how to restore it by hand.',
  })
}
