import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writevSync,
} from 'node:fs'
import { join } from 'node:path'
import { contentOf, seededRandom } from '@backstream/testkit'

export const workloadNames = ['small', 'large', 'incompressible', 'stream'] as const
export type WorkloadName = (typeof workloadNames)[number]

/** Files whose sizes are log-normal. */
interface FileGroup {
  readonly folder: string
  readonly files: number
  readonly medianBytes: number
  /** Of the logarithm; 0 makes all alike. */
  readonly sigma: number
  /** The sizes are scaled until all are this many together. */
  readonly totalBytes?: number
  /** Only this kind of content. */
  readonly kind?: Kind
}

export interface Workload {
  readonly name: WorkloadName
  readonly path: string
  readonly files: number
  /** Content of the files. */
  readonly bytes: number
}

const kibibyte = 1024
const mebibyte = 1024 * kibibyte

const small = { folder: 'small', files: 100_000, medianBytes: 4 * kibibyte, sigma: 1.2 }
const large = { folder: 'large', files: 40, medianBytes: 80 * mebibyte, sigma: 0.8 }

/** What `scale` divides, so that a short run keeps the shape of a long one. */
const groups = (scale: number): Readonly<Record<WorkloadName, FileGroup>> => ({
  small: { ...small, files: Math.ceil(small.files / scale) },
  large: { ...large, totalBytes: (4096 * mebibyte) / scale },
  incompressible: { ...large, totalBytes: (4096 * mebibyte) / scale, kind: 'bin' },
  stream: { ...large, files: 1, totalBytes: (2048 * mebibyte) / scale, kind: 'mixed' },
})

export const workloadTexts: Readonly<Record<WorkloadName, string>> = {
  small: 'small files: log-normal, median 4 KiB, text and binary mixed',
  large: 'large files, text and binary mixed',
  incompressible: 'large files that do not shrink',
  stream: "one command's output, text and binary mixed",
}

export interface WorkloadOptions {
  readonly name: WorkloadName
  readonly seed: number
  /** 1 is the size that the page is about; 8 is an eighth of it. */
  readonly scale: number
}

/**
 * The tree of a workload below `folder`, the same for the same seed; one that is there already is used
 * again. Six files in ten are prose, a quarter are tables of binary records, the rest do not shrink.
 */
export function prepareWorkload(folder: string, { name, seed, scale }: WorkloadOptions): Workload {
  const path = join(folder, scale === 1 ? `${name}-${seed}` : `${name}-${seed}-by-${scale}`)
  const record = `${path}.json`
  if (existsSync(record)) return { ...JSON.parse(readFileSync(record, 'utf8')), name, path }
  rmSync(path, { recursive: true, force: true })
  const random = seededRandom(seed)
  const pools = makePools(seed)
  const made = { files: 0, bytes: 0 }
  const group = groups(scale)[name]
  for (const [index, bytes] of sizesOf(group, random).entries()) {
    const directory = join(path, group.folder, String(Math.floor(index / 200)).padStart(4, '0'))
    if (index % 200 === 0) mkdirSync(directory, { recursive: true })
    const kind = group.kind ?? pick(random)
    writeContent(join(directory, `${index}.${kind}`), bytes, { pool: pools[kind], random })
    made.files++
    made.bytes += bytes
  }
  writeFileSync(record, JSON.stringify(made))
  return { ...made, name, path }
}

function sizesOf(group: FileGroup, random: () => number): number[] {
  const { medianBytes, sigma, totalBytes } = group
  const sizes = Array.from(
    { length: group.files },
    () => medianBytes * Math.exp(sigma * normal(random)),
  )
  const sum = sizes.reduce((total, size) => total + size, 0)
  const scale = totalBytes === undefined ? 1 : totalBytes / sum
  return sizes.map((size) => Math.round(size * scale))
}

/** Box and Muller's way to a normal distribution. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

type Kind = 'txt' | 'dat' | 'bin' | 'mixed'

function pick(random: () => number): Exclude<Kind, 'mixed'> {
  const draw = random()
  if (draw < 0.6) return 'txt'
  return draw < 0.85 ? 'dat' : 'bin'
}

const poolBytes = 64 * mebibyte
/** Large enough that what repeats lies outside of what a compressor at level 3 looks back at. */
const sliceBytes = 128 * kibibyte

function makePools(seed: number): Record<Kind, Buffer> {
  const pool = (like: 'text' | 'noise') =>
    Buffer.concat([...contentOf({ bytes: poolBytes, seed, like })])
  const [txt, dat, bin] = [pool('text'), makeRecords(seed), pool('noise')]
  const mixed = Buffer.concat([
    txt,
    dat.subarray(0, dat.length / 2),
    bin.subarray(0, bin.length / 4),
  ])
  return { txt, dat, bin, mixed }
}

/** Records of 32 bytes as databases and instruments write them: a number, a time, few kinds, a measurement. */
function makeRecords(seed: number): Buffer {
  const random = seededRandom(seed + 1)
  const pool = Buffer.alloc(poolBytes)
  let time = 1_700_000_000_000
  let level = 20
  for (let at = 0; at < pool.length; at += 32) {
    time += Math.floor(random() * 2000)
    level += random() - 0.5
    pool.writeUInt32LE(at / 32, at)
    pool.writeBigUInt64LE(BigInt(time), at + 4)
    pool.writeUInt8(Math.floor(random() ** 3 * 12), at + 12)
    pool.writeDoubleLE(Math.round(level * 1000) / 1000, at + 16)
    pool.writeUInt32LE(random() < 0.2 ? Math.floor(random() * 1e6) : 0, at + 24)
  }
  return pool
}

interface ContentSource {
  readonly pool: Buffer
  readonly random: () => number
}

function writeContent(path: string, bytes: number, { pool, random }: ContentSource): void {
  const descriptor = openSync(path, 'wx', 0o644)
  try {
    for (let left = bytes; left > 0; ) {
      const slices: Buffer[] = []
      while (left > 0 && slices.length < 64) {
        const size = Math.min(left, sliceBytes)
        const start = Math.floor((random() * (pool.length - size)) / 32) * 32
        slices.push(pool.subarray(start, start + size))
        left -= size
      }
      writevSync(descriptor, slices)
    }
  } finally {
    closeSync(descriptor)
  }
}
