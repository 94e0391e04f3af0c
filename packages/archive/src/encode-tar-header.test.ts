import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { extract, type Header } from 'tar-stream'
import { encodeTarHeader, tarHeaderBound } from './encode-tar-header.ts'
import { readTar } from './read-tar.ts'
import { chunked, headerOf, type Sample, tarOf } from './tar-samples.ts'

const signal = new AbortController().signal

/** Names around each limit of the format: field of 100, prefix of 155, and both. */
const lengths = [1, 98, 99, 100, 101, 154, 155, 156, 254, 255, 256, 257, 300, 1000]
const names = lengths.flatMap((length) => [
  `${'n'.repeat(Math.min(length, 200)).padEnd(length, '/m')}é`,
  `${'d/'.repeat(length / 2)}e`,
])
const samples: Sample[] = [
  ...names.map((path, at) => ({ path: `${at}/${path}`, content: Buffer.from(path) })),
  ...names.map((path, at) => ({ path: `dir${at}/${path}`, type: 'directory' as const })),
  ...[1, 99, 100, 101, 400].map((length) => ({
    path: `link${length}`,
    type: 'symlink' as const,
    linkTarget: 't'.repeat(length),
  })),
  { path: 'raw', rawPath: Buffer.from([0x72, 0xff]) },
  { path: 'long raw', rawPath: Buffer.alloc(200, 0xfe) },
  { path: 'owner', uid: 3_000_000, gid: 2_500_000, userName: 'w'.repeat(50) },
  { path: 'before the epoch', mtimeNs: -2_000_000_000n },
  { path: 'whole second', mtimeNs: 1_600_000_000_000_000_000n },
]
/** What all three readers agree to print a path as. */
const expected = samples.map(({ path, rawPath }) => rawPath ?? Buffer.from(path))

describe('encodeTarHeader', () => {
  it('stays within its bound', () => {
    const name = 'n'.repeat(2000)
    const worst = { path: 'p'.repeat(511), linkTarget: 'l'.repeat(512), mtimeNs: -1n }
    for (const sample of [...samples, { ...worst, userName: name, groupName: name }]) {
      const header = headerOf(sample)
      const blocks = Buffer.alloc(tarHeaderBound(header))
      assert.ok(encodeTarHeader(header, blocks, 0) <= blocks.length)
    }
  })

  it('overwrites all of the memory it uses', () => {
    const header = headerOf({ path: 'p'.repeat(120), linkTarget: 'l'.repeat(150) })
    const clean = Buffer.alloc(tarHeaderBound(header))
    const used = Buffer.alloc(clean.length, 0xaa)
    const end = encodeTarHeader(header, clean, 0)
    assert.equal(encodeTarHeader(header, used, 0), end)
    assert.ok(clean.subarray(0, end).equals(used.subarray(0, end)))
  })

  it('says sizes over 8 GiB so that readers know where the next header is', async () => {
    const size = 9 * 2 ** 30
    const header = { ...headerOf({ path: 'big' }), size }
    const blocks = Buffer.alloc(tarHeaderBound(header))
    const tar = blocks.subarray(0, encodeTarHeader(header, blocks, 0))
    const ours = await readTar(chunked(tar), { signal }).next()
    assert.equal(ours.value?.header.size, size)
    const theirs = await new Promise<Header>((resolve) => {
      const extraction = extract()
      extraction.on('entry', (entry) => resolve(entry))
      extraction.write(tar)
    })
    assert.equal(theirs.size, size)
  })

  it('is read alike by tar-stream', async () => {
    const extraction = extract({ filenameEncoding: 'latin1' } as object)
    extraction.end(tarOf(samples))
    let at = 0
    for await (const entry of extraction) {
      const name = Buffer.from(entry.header.name, 'latin1')
      assert.equal(name.toString().replace(/\/$/, ''), String(expected[at]), `entry ${at}`)
      entry.resume()
      at++
    }
    assert.equal(at, samples.length)
  })

  for (const program of ['tar', 'bsdtar']) {
    for (const locale of ['C', 'C.UTF-8']) {
      it(`is read alike by ${program} under ${locale}`, (t) => {
        const listed = listBy(t, { program, locale, tar: tarOf(samples) })
        if (!listed) return
        assert.equal(listed.length, expected.length)
        for (const [at, name] of listed.entries()) assert.equal(name, String(expected[at]))
      })
    }
  }
})

/** The names as the program prints them; null when it is not installed. */
function listBy(
  t: TestContext,
  { program, locale, tar }: { program: string; locale: string; tar: Buffer },
): string[] | null {
  const dir = mkdtempSync(join(tmpdir(), 'tar-judge-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const file = join(dir, 'a.tar')
  writeFileSync(file, tar)
  const flags = program === 'tar' ? ['--quoting-style=literal'] : []
  const list = spawnSync(program, ['-tf', file, ...flags], {
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: locale },
  })
  if ((list.error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    t.skip(`${program} is not installed`)
    return null
  }
  assert.equal(list.stderr.toString(), '')
  assert.equal(list.status, 0)
  const lines = list.stdout.toString('latin1').split('\n').slice(0, -1)
  return lines.map((line) =>
    Buffer.from(program === 'tar' ? line : unescapeOctal(line), 'latin1')
      .toString()
      .replace(/\/$/, ''),
  )
}

/** bsdtar prints what its locale cannot show as `\\303`. */
function unescapeOctal(line: string): string {
  return line.replace(/\\([0-7]{3})/g, (_, digits) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}
