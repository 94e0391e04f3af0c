import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError } from './config-error.ts'
import { renderInitialConfig } from './initial-config.ts'
import { loadConfig } from './load-config.ts'
import { resolveSecret } from './resolve-secret.ts'

const text = renderInitialConfig({ paths: ['/srv'], bucket: 'backups', prefix: '' })

test('prefers the named file, then BACKSTREAM_CONFIG, then backstream.yaml beside', async () => {
  await using dir = await scratch()
  for (const name of ['named', 'env', 'backstream']) {
    await writeFile(join(dir.path, `${name}.yaml`), text.replace('name: home', `name: ${name}`))
  }
  const env = { BACKSTREAM_CONFIG: 'env.yaml' }
  const cwd = dir.path
  assert.equal((await loadConfig({ file: 'named.yaml', env, cwd })).name, 'named')
  assert.equal((await loadConfig({ env, cwd })).name, 'env')
  const found = await loadConfig({ env: {}, cwd })
  assert.deepEqual([found.name, found.file], ['backstream', 'backstream.yaml'])
})

test('never goes on to the next place when a named file is not there', async () => {
  await using dir = await scratch()
  await writeFile(join(dir.path, 'backstream.yaml'), text)
  for (const options of [
    { file: 'gone.yaml', env: {} },
    { env: { BACKSTREAM_CONFIG: 'gone.yaml' } },
  ]) {
    await assert.rejects(loadConfig({ ...options, cwd: dir.path }), {
      code: 'config-not-found',
      message: /gone\.yaml/,
      permanent: true,
    })
  }
})

test('tells every problem of an invalid file', async () => {
  await using dir = await scratch()
  await writeFile(join(dir.path, 'backstream.yaml'), 'version: 3\n')
  await assert.rejects(loadConfig({ env: {}, cwd: dir.path }), (error) => {
    assert.ok(error instanceof ConfigError)
    assert.equal(error.code, 'config-invalid')
    assert.match(error.message, /backstream\.yaml:1:10 {2}version: .*not known/)
    assert.ok(error.problems.length > 3)
    return true
  })
})

test('says why a file cannot be read', async () => {
  await using dir = await scratch()
  const cwd = dir.path
  await mkdir(join(cwd, 'dir.yaml'))
  await writeFile(join(cwd, 'latin.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xe4]))
  await writeFile(join(cwd, 'huge.yaml'), Buffer.alloc(5 * 1024 * 1024, 0x23))
  const unreadable = (file: string, message: RegExp): Promise<void> =>
    assert.rejects(loadConfig({ file, env: {}, cwd }), { code: 'config-unreadable', message })
  await unreadable('dir.yaml', /directory/)
  await unreadable('latin.yaml', /UTF-8/)
  await unreadable('huge.yaml', /4 MiB/)
})

test('reads a secret from where it is referred to, without one newline at its end', async () => {
  await using dir = await scratch()
  const file = join(dir.path, 'secret')
  await writeFile(file, 'pass word\n\n')
  assert.equal(await resolveSecret({ file }, {}), 'pass word\n')
  assert.equal(await resolveSecret({ env: 'PW' }, { PW: ' x ' }), ' x ')
  assert.equal(await resolveSecret({ value: 'v' }, {}), 'v')
})

test('names the reference of a secret that is missing or empty', async () => {
  await using dir = await scratch()
  const empty = join(dir.path, 'empty')
  await writeFile(empty, '\n')
  const missing = { code: 'secret-missing', permanent: true }
  await assert.rejects(resolveSecret({ env: 'PW' }, { PW: '' }), { ...missing, message: /PW/ })
  await assert.rejects(resolveSecret({ env: 'toString' }, {}), missing)
  await assert.rejects(resolveSecret({ file: empty }, {}), { ...missing, message: /empty/ })
  await assert.rejects(resolveSecret({ file: join(dir.path, 'gone') }, {}), {
    code: 'secret-unreadable',
    message: /gone/,
  })
})

async function scratch(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'backstream-config-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}
