import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { DirectorySourceConfig } from '@backstream/config'
import { put, readThere, usualPath } from './remote-samples.ts'
import type { SourceError } from './source-error.ts'
import { directoryConfig, temporaryDirectory, warningsOf } from './source-samples.ts'

describe('a tar elsewhere that fails', () => {
  /** A tar that is not one, before the real ones on the path. */
  function pathWith(t: TestContext, script: string): string {
    const folder = temporaryDirectory(t)
    writeFileSync(join(folder, 'tar'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    return `${folder}:${usualPath}`
  }

  const version = 'case $1 in --version) exec /usr/bin/tar --version;; esac; '

  async function failureOf(
    t: TestContext,
    script: string,
    overrides: Partial<DirectorySourceConfig> = {},
  ): Promise<SourceError> {
    const root = temporaryDirectory(t)
    put(root, { a: 'x', 'd/b': Buffer.alloc(100_000) })
    return await readThere(directoryConfig(root, overrides), {
      path: pathWith(t, version + script),
    }).then(
      () => assert.fail('it was read to its end'),
      (error) => error,
    )
  }

  it('is never a backup: cut short, with a bad status, or no tar at all', async (t) => {
    const cut = await failureOf(t, '/usr/bin/tar "$@" | head -c 50000; exit 0')
    assert.equal(cut.code, 'source-failed')
    assert.match(cut.message, /not sound: the (?:archive|data) ends/)
    const killed = await failureOf(t, '/usr/bin/tar "$@" | head -c 50000; kill -9 $$')
    assert.match(killed.message, /tar ended with status 137 over there/)
    const failed = await failureOf(t, '/usr/bin/tar "$@"; echo "tar: disk on fire" >&2; exit 2')
    assert.match(failed.message, /tar ended with status 2 over there. It said: disk on fire/)
    const silent = await failureOf(t, '/usr/bin/tar "$@"; exit 1')
    assert.match(silent.message, /ended with status 1/)
    assert.equal((await failureOf(t, 'echo hello')).code, 'source-failed')
  })

  it('fails for a file that cannot be read, unless such are skipped', async (t) => {
    const script =
      '/usr/bin/tar "$@"; echo "tar: ./d/c: Cannot open: Permission denied" >&2; echo "tar: Exiting with failure status due to previous errors" >&2; exit 2'
    const error = await failureOf(t, script)
    assert.deepEqual([error.code, error.permanent], ['source-unreadable', true])
    assert.match(error.message, /d\/c cannot be read over there/)
    const root = temporaryDirectory(t)
    put(root, { a: 'x' })
    const config = directoryConfig(root, { onUnreadable: 'skip' })
    const tree = await readThere(config, { path: pathWith(t, version + script) })
    assert.deepEqual(warningsOf(tree), [['unreadable', 'd/c']])
  })

  it('may warn of what changed under it', async (t) => {
    const root = temporaryDirectory(t)
    put(root, { a: 'x' })
    const script = `/usr/bin/tar "$@"; cat >&2 <<'END'
tar: ./log: file changed as we read it
tar: ./tmp/x: File removed before we read it
tar: ./s: socket ignored
tar: ./big: File shrank by 12 bytes; padding with zeros
END
exit 1`
    const tree = await readThere(directoryConfig(root, { at: 'files' }), {
      path: pathWith(t, version + script),
    })
    assert.deepEqual(warningsOf(tree), [
      ['changed', 'files/log'],
      ['vanished', 'files/tmp/x'],
      ['socket', 'files/s'],
      ['shrank', 'files/big'],
    ])
  })
})
