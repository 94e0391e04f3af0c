/**
 * Tars that are almost right, made from a seed: entries that name each other, fields that were tampered
 * with and checksums made good again, then perhaps a flipped bit, a cut or a doubled block.
 */
import assert from 'node:assert/strict'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ArchiveError, readTar } from '@backstream/archive'
import fc from 'fast-check'
import { BackupError } from './errors.ts'
import { TreeExtractor } from './extract-tree.ts'
import { type RawEntry, rawTar } from './hostile-tars.ts'
import { overwrites } from './overwrite.ts'

const seed = 20_261_128
const numRuns = 500
const { signal } = new AbortController()

const sane = fc
  .array(fc.constantFrom('a', 'b', 'way'), { minLength: 1, maxLength: 3 })
  .map((names) => names.join('/'))
const word = fc.constantFrom('a', 'b', 'way', '..', '.', '', 'outside', 'secret', 'A', 'a\0b')
const odd = fc
  .tuple(fc.constantFrom('', '/', '../', './'), fc.array(word, { maxLength: 4 }))
  .map(([start, names]) => `${start}${names.join('/')}`)
const path = fc.oneof({ weight: 6, arbitrary: sane }, odd)
const size = fc.oneof(
  { weight: 40, arbitrary: fc.constant(undefined) },
  fc.nat(4096),
  fc.constantFrom(0o77777777777, 1n << 40n, -1n, -512n, 1n << 90n),
)
const maybe = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 20, arbitrary: fc.constant(undefined) }, arbitrary)
const pax = fc.dictionary(
  fc.constantFrom('path', 'linkpath', 'size', 'mtime', 'uid', 'GNU.sparse.major', 'comment'),
  fc.oneof(path, fc.constantFrom('0', '-1', '1e9', '99999999999999999999', '1.5')),
  { maxKeys: 3 },
)
const entry: fc.Arbitrary<RawEntry> = fc
  .record({
    name: path,
    type: fc.oneof(
      { weight: 30, arbitrary: fc.constantFrom('0', '0', '0', '1', '2', '2', '5', '5') },
      fc.constantFrom('3', '4', '6', '7', 'S', 'g', 'x', 'L', 'K', '\0', 'Z'),
    ),
    linkName: path,
    prefix: fc.oneof({ weight: 20, arbitrary: fc.constant('') }, path),
    mode: fc.constantFrom(0o644, 0o755, 0o6755, 0o000, 0o7777),
    content: fc.string({ maxLength: 1100 }),
    size,
    pax: maybe(pax),
    longName: maybe(path),
    longLink: maybe(path),
    checksumOff: fc.oneof({ weight: 40, arbitrary: fc.constant(0) }, fc.constant(1)),
  })
  .map((fields) =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
  )
const damage = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ kind: 'none' as const, at: 0 }) },
  fc.record({
    kind: fc.constantFrom('flip' as const, 'cut' as const, 'double' as const, 'drop' as const),
    at: fc.nat(1 << 16),
  }),
)

function damaged(tar: Buffer, { kind, at }: { readonly kind: string; readonly at: number }) {
  const where = tar.length === 0 ? 0 : at % tar.length
  const block = where - (where % 512)
  if (kind === 'cut') return tar.subarray(0, where)
  if (kind === 'double') return Buffer.concat([tar.subarray(0, block + 512), tar.subarray(block)])
  if (kind === 'drop') return Buffer.concat([tar.subarray(0, block), tar.subarray(block + 512)])
  const copy = Buffer.from(tar)
  if (kind === 'flip') copy[where] = (copy[where] ?? 0) ^ (1 << (at % 8))
  return copy
}

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

describe('extracting tars that are almost right', () => {
  it(`writes nothing outside, and names what it refuses (seed ${seed})`, async () => {
    const base = mkdtempSync(join(tmpdir(), 'backstream-fuzz-'))
    const told = { extracted: 0, refused: 0 }
    let run = 0
    const property = fc.asyncProperty(
      fc.array(entry, { minLength: 1, maxLength: 6 }),
      damage,
      fc.record({
        chunk: fc.constantFrom(1, 511, 512, 700, 1 << 20),
        overwrite: fc.constantFrom(undefined, ...overwrites),
      }),
      async (entries, harm, { chunk, overwrite }) => {
        const at = join(base, String(run++))
        mkdirSync(join(at, 'outside'), { recursive: true })
        mkdirSync(join(at, 'root'))
        writeFileSync(join(at, 'outside/secret'), 'secret')
        const tar = damaged(rawTar(...entries), harm)
        const root = join(at, 'root')
        const options = { root, overwrite, keepOwners: false, maxBytes: tar.length }
        const extractor = new TreeExtractor(options, { signal })
        try {
          for await (const one of readTar(chunksOf(tar, chunk), { signal })) {
            await extractor.extract(one)
          }
          extractor.finish()
          told.extracted++
        } catch (error) {
          extractor.abandon()
          told.refused++
          const isOurs = error instanceof BackupError || error instanceof ArchiveError
          assert.ok(isOurs, error as Error)
          assert.match(error.message, /"|at the beginning of the archive/)
        }
        assert.deepEqual(readdirSync(at).sort(), ['outside', 'root'])
        assert.deepEqual(readdirSync(join(at, 'outside')), ['secret'])
        assert.equal(readFileSync(join(at, 'outside/secret'), 'utf8'), 'secret')
        assert.equal(lstatSync(join(at, 'outside/secret')).nlink, 1)
        assertPlain(root)
        rmSync(at, { recursive: true, force: true })
      },
    )
    try {
      await fc.assert(property, { seed, numRuns })
      assert.ok(told.extracted > numRuns / 20 && told.refused > numRuns / 20, JSON.stringify(told))
    } finally {
      rmSync(base, { recursive: true, force: true })
    }
  })
})

/** No device, no set-user-id bit, and nothing of ours left behind. */
function assertPlain(folder: string): void {
  for (const found of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, found.name)
    assert.ok(found.isFile() || found.isDirectory() || found.isSymbolicLink(), path)
    assert.ok(!found.name.startsWith('.backstream-'), path)
    if (found.isFile()) assert.equal(lstatSync(path).mode & 0o6000, 0, path)
    if (found.isDirectory() && process.getuid?.() === 0) assertPlain(path)
  }
}
