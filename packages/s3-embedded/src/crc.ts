/**
 * Reflected CRCs in tables of eight bytes at a time, for the two that Node does not bring.
 *
 * CRC64 is kept as two halves of 32 bits: BigInt arithmetic would be some hundred times slower.
 */
export interface RunningCrc {
  update(chunk: Uint8Array): void
  /** Big-endian, as S3 encodes it. */
  digest(): Buffer
}

export const polynomials = {
  CRC32: { bits: 32n, reflected: 0xedb88320n },
  CRC32C: { bits: 32n, reflected: 0x82f63b78n },
  CRC64NVME: { bits: 64n, reflected: 0x9a6c9329ac4bc9b5n },
} as const

export type CrcName = keyof typeof polynomials

export function startCrc32c(): RunningCrc {
  const { low } = tablesOf('CRC32C')
  let crc = 0xffffffff
  return {
    update: (chunk) => {
      crc = step32({ low, chunk, crc })
    },
    digest: () => {
      const out = Buffer.alloc(4)
      out.writeUInt32BE(~crc >>> 0)
      return out
    },
  }
}

export function startCrc64Nvme(): RunningCrc {
  const tables = tablesOf('CRC64NVME')
  const state = { low: 0xffffffff, high: 0xffffffff }
  return {
    update: (chunk) => step64({ tables, chunk, state }),
    digest: () => {
      const out = Buffer.alloc(8)
      out.writeUInt32BE(~state.high >>> 0, 0)
      out.writeUInt32BE(~state.low >>> 0, 4)
      return out
    },
  }
}

interface Tables {
  /** Eight tables of 256 entries, one after the other; `high` is all zero for 32 bits. */
  readonly low: Uint32Array
  readonly high: Uint32Array
}

const made = new Map<CrcName, Tables>()

function tablesOf(name: CrcName): Tables {
  const known = made.get(name)
  if (known) return known
  const { reflected } = polynomials[name]
  const low = new Uint32Array(2048)
  const high = new Uint32Array(2048)
  for (let entry = 0; entry < 2048; entry++) {
    let crc = entry < 256 ? BigInt(entry) : valueAt(entry - 256)
    if (entry < 256) for (let bit = 0; bit < 8; bit++) crc = (crc >> 1n) ^ (crc & 1n && reflected)
    else crc = (crc >> 8n) ^ valueAt(Number(crc & 0xffn))
    low[entry] = Number(crc & 0xffffffffn)
    high[entry] = Number(crc >> 32n)
  }
  function valueAt(entry: number): bigint {
    return (BigInt(high[entry] ?? 0) << 32n) | BigInt(low[entry] ?? 0)
  }
  const tables = { low, high }
  made.set(name, tables)
  return tables
}

function step32(input: { low: Uint32Array; chunk: Uint8Array; crc: number }): number {
  const { low, chunk } = input
  let crc = input.crc
  let at = 0
  for (const end = chunk.length - 7; at < end; at += 8) {
    crc ^= word(chunk, at)
    const next = word(chunk, at + 4)
    crc = slice(low, crc, 1024) ^ slice(low, next, 0)
  }
  for (; at < chunk.length; at++) {
    crc = (crc >>> 8) ^ entry(low, (crc ^ (chunk[at] ?? 0)) & 255)
  }
  return crc
}

interface Step64 {
  readonly tables: Tables
  readonly chunk: Uint8Array
  readonly state: { low: number; high: number }
}

function step64({ tables, chunk, state }: Step64): void {
  let { low, high } = state
  let at = 0
  for (const end = chunk.length - 7; at < end; at += 8) {
    low ^= word(chunk, at)
    high ^= word(chunk, at + 4)
    const nextLow = slice(tables.low, low, 1024) ^ slice(tables.low, high, 0)
    high = slice(tables.high, low, 1024) ^ slice(tables.high, high, 0)
    low = nextLow
  }
  for (; at < chunk.length; at++) {
    const index = (low ^ (chunk[at] ?? 0)) & 255
    low = ((low >>> 8) | (high << 24)) ^ entry(tables.low, index)
    high = (high >>> 8) ^ entry(tables.high, index)
  }
  state.low = low
  state.high = high
}

/** Four bytes of `value` through four neighbouring tables, the lowest byte through the last one. */
function slice(table: Uint32Array, value: number, offset: number): number {
  return (
    entry(table, offset + 768 + (value & 255)) ^
    entry(table, offset + 512 + ((value >>> 8) & 255)) ^
    entry(table, offset + 256 + ((value >>> 16) & 255)) ^
    entry(table, offset + (value >>> 24))
  )
}

function entry(table: Uint32Array, index: number): number {
  return table[index] as number
}

function word(chunk: Uint8Array, at: number): number {
  return (
    (chunk[at] as number) |
    ((chunk[at + 1] as number) << 8) |
    ((chunk[at + 2] as number) << 16) |
    ((chunk[at + 3] as number) << 24)
  )
}
