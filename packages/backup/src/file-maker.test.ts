import assert from 'node:assert/strict'
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { FileMaker } from './file-maker.ts'

function openPlace(t: TestContext): string {
  const place = mkdtempSync(join(tmpdir(), 'backstream-files-'))
  t.after(() => rmSync(place, { recursive: true, force: true }))
  return place
}

const mtimeMs = 1_700_000_000_123.5

describe('making files', () => {
  for (const mayReplace of [false, true]) {
    it(`gives each its very mode, whatever the umask (may replace: ${mayReplace})`, (t) => {
      const place = openPlace(t)
      const files = new FileMaker({ mayReplace, onNotSet: assert.fail })
      const umask = process.umask(0o027)
      t.after(() => process.umask(umask))
      const modes = [0o644, 0o666, 0o600, 0o755, 0o400, 0, 0o6755, 0o1777, 0o644, 0o666, 0o6755]
      for (const [number, mode] of modes.entries()) {
        const attributes = { owner: null, mode, mtimeMs }
        files.begin(Buffer.from(join(place, String(number))), attributes)
        files.write(Buffer.from('content'))
        files.end(attributes)
      }
      const found = modes.map((_, number) => lstatSync(join(place, String(number))))
      assert.deepEqual(
        found.map(({ mode }) => mode & 0o7777),
        modes,
      )
      for (const stats of found) assert.ok(Math.abs(stats.mtimeMs - mtimeMs) < 0.01)
      assert.equal(readFileSync(join(place, '0'), 'utf8'), 'content')
    })
  }

  it('keeps to itself what is to belong to somebody else', (t) => {
    const place = openPlace(t)
    const notSet: string[] = []
    const files = new FileMaker({ mayReplace: false, onNotSet: (what) => notSet.push(what) })
    for (const name of ['a', 'b']) {
      const attributes = { owner: { uid: 2 ** 40, gid: 0 }, mode: 0o644, mtimeMs }
      files.begin(Buffer.from(join(place, name)), attributes)
      assert.equal(lstatSync(join(place, name)).mode & 0o777, 0o600)
      files.end(attributes)
    }
    assert.deepEqual(notSet, ['owner', 'owner'])
  })

  it('leaves nothing of a file that was abandoned', (t) => {
    const place = openPlace(t)
    const files = new FileMaker({ mayReplace: false, onNotSet: assert.fail })
    files.begin(Buffer.from(join(place, 'a')), { owner: null, mode: 0o644, mtimeMs })
    files.write(Buffer.alloc(100))
    files.abandon()
    files.abandon()
    assert.deepEqual(readdirSync(place), [])
  })
})
