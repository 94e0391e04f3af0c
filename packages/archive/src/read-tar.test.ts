import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readTar } from './read-tar.ts'
import type { TarHeader } from './tar-header.ts'
import { chunked, collect, type Sample, tarOf } from './tar-samples.ts'

const signal = new AbortController().signal
const long = `${'d'.repeat(90)}/${'e'.repeat(90)}/${'f'.repeat(120)}`

async function read(
  tar: Uint8Array,
  sizes?: number[],
): Promise<{ header: TarHeader; content: Buffer; continues: boolean }[]> {
  const entries = []
  for await (const { header, content, continues } of readTar(chunked(tar, sizes), { signal })) {
    entries.push({ header, continues, content: await collect(content) })
  }
  return entries
}

describe('readTar', () => {
  it('gives back what the encoder wrote, however the bytes are cut', async () => {
    const samples: Sample[] = [
      { path: 'd', type: 'directory', mode: 0o1777 },
      { path: 'd/ü file\n', content: Buffer.alloc(700, 7), mode: 0o4755 },
      { path: long, content: Buffer.from('x'), userName: 'u'.repeat(40) },
      { path: 'link', type: 'symlink', linkTarget: 'y'.repeat(300) },
      { path: 'hard', type: 'link', linkTarget: long, uid: 5_000_000, gid: 4_000_000 },
      { path: 'old', content: Buffer.alloc(512), mtimeNs: -1_500_000_000n },
    ]
    for (const sizes of [[1 << 20], [1, 511, 513], [7]]) {
      const entries = await read(tarOf(samples), sizes)
      assert.deepEqual(
        entries.map(({ header }) => header.path),
        samples.map(({ path }) => path),
      )
      samples.forEach((sample, at) => {
        const { header, content } = entries[at]!
        assert.equal(header.type, sample.type ?? 'file')
        assert.equal(header.mode, sample.mode ?? 0o640)
        assert.equal(header.uid, sample.uid ?? 1000)
        assert.equal(header.gid, sample.gid ?? 100)
        assert.equal(header.userName, sample.userName ?? 'ann')
        assert.equal(header.linkTarget, sample.linkTarget ?? '')
        assert.equal(header.mtimeNs, sample.mtimeNs ?? 1_700_000_000_123_456_789n)
        assert.deepEqual(content, Buffer.from(sample.content ?? []))
      })
    }
  })

  it('keeps names that are not UTF-8, short and long', async () => {
    const raw = Buffer.from([0x66, 0xff, 0xfe, 0x2f, 0x80])
    for (const bytes of [raw, Buffer.concat([Buffer.alloc(300, 0xe9), raw])]) {
      const [entry] = await read(tarOf([{ path: '', rawPath: bytes }]))
      assert.deepEqual(entry?.header.rawPath, bytes)
      assert.match(entry?.header.path ?? '', /\ufffd/)
    }
  })

  it('says which members continue a stream', async () => {
    const entries = await read(
      tarOf([
        { path: 's', content: Buffer.from('a') },
        { path: 's', content: Buffer.from('b') },
        { path: 's.json', content: Buffer.from('{}') },
      ]),
    )
    assert.deepEqual(
      entries.map(({ continues }) => continues),
      [false, true, false],
    )
  })

  it('skips content that nobody read', async () => {
    const tar = tarOf([{ path: 'a', content: Buffer.alloc(5000) }, { path: 'b' }])
    const paths = []
    for await (const { header } of readTar(chunked(tar, [100]), { signal })) paths.push(header.path)
    assert.deepEqual(paths, ['a', 'b'])
  })

  it('calls every cut truncated', async () => {
    const tar = tarOf([{ path: 'a', content: Buffer.from('content') }, { path: long }])
    for (let length = 0; length < tar.length; length += 128) {
      await assert.rejects(read(tar.subarray(0, length)), { code: 'truncated' }, `cut at ${length}`)
    }
  })

  it('refuses a changed header, data after the end and a lone zero block', async () => {
    const tar = tarOf([{ path: 'a' }])
    const changed = Buffer.from(tar)
    changed.writeUInt8(0x62, 1024)
    await assert.rejects(read(changed), { code: 'corrupt' })
    await assert.rejects(read(Buffer.concat([tar, Buffer.from('tail')])), { code: 'corrupt' })
    await assert.rejects(read(Buffer.concat([Buffer.alloc(512), tar])), { code: 'corrupt' })
  })

  it('accepts the zeros that other tars pad their end with', async () => {
    const tar = Buffer.concat([tarOf([{ path: 'a' }]), Buffer.alloc(9216)])
    assert.equal((await read(tar)).length, 1)
  })

  it('reads archives that follow one another where that is expected', async () => {
    const tars = [tarOf([{ path: 'a', content: Buffer.from('x') }]), tarOf([{ path: 'b' }])]
    const tar = Buffer.concat([...tars, Buffer.alloc(9216), tarOf([]), tarOf([{ path: 'c' }])])
    for (const sizes of [[1 << 20], [1, 511, 513], [7]]) {
      const found = []
      for await (const { header } of readTar(chunked(tar, sizes), { signal, isConcatenated: true }))
        found.push(header.path)
      assert.deepEqual(found, ['a', 'b', 'c'])
    }
    await assert.rejects(read(tar), { code: 'corrupt' })
  })

  it('refuses a header that asks for a gigabyte', async () => {
    const tar = Buffer.from(tarOf([{ path: 'a' }]))
    tar.write('10000000000\0', 124, 'latin1')
    fixChecksum(tar)
    await assert.rejects(read(tar), { code: 'too-large' })
  })

  it('stops when its signal is aborted', async () => {
    const controller = new AbortController()
    const tar = tarOf([{ path: 'a' }, { path: 'b' }])
    await assert.rejects(
      async () => {
        for await (const _ of readTar(chunked(tar), { signal: controller.signal })) {
          controller.abort(new Error('enough'))
        }
      },
      { message: 'enough' },
    )
  })
})

function fixChecksum(block: Buffer): void {
  block.fill(0x20, 148, 156)
  const sum = block.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
}
