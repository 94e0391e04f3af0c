/** The age program as judge: it reads what is written here, and what it writes is read here. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { decryptAge } from './age-decrypt.ts'
import { encryptAge } from './age-encrypt.ts'
import { parseAgeIdentities } from './age-keys.ts'
import { chunked, collect } from './tar-samples.ts'

const sizes = [0, 1, 65_535, 65_536, 65_537, 20 * 65_536, 20 * 65_536 + 1]
const { signal } = new AbortController()

/** Two identities by age-keygen; null where there is none. */
function keysBy(t: TestContext) {
  if (spawnSync('age-keygen', ['--version']).error) {
    t.skip('age is not installed')
    return null
  }
  const folder = mkdtempSync(join(tmpdir(), 'age-judge-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return [1, 2].map((number) => {
    const file = join(folder, `${number}.key`)
    assert.equal(spawnSync('age-keygen', ['-o', file]).status, 0)
    const identities = parseAgeIdentities(readFileSync(file, 'utf8'))
    return { file, identities, recipients: identities.map(({ recipient }) => recipient) }
  })
}

function age(args: readonly string[], input: Uint8Array): Buffer {
  const { status, stdout, stderr } = spawnSync('age', args, { input, maxBuffer: 1 << 26 })
  assert.equal(status, 0, stderr.toString())
  return stdout
}

test('age decrypts what is encrypted here, for each recipient', async (t) => {
  const keys = keysBy(t)
  if (!keys) return
  const recipients = keys.flatMap((key) => key.recipients)
  for (const bytes of sizes) {
    const plain = randomBytes(bytes)
    const file = await collect(encryptAge(chunked(plain), recipients).body)
    for (const key of keys) assert.deepEqual(age(['-d', '-i', key.file], file), plain)
  }
})

test('what age encrypts is decrypted here, by each identity', async (t) => {
  const keys = keysBy(t)
  if (!keys) return
  const to = keys.flatMap((key) => key.recipients).flatMap(({ text }) => ['-r', text])
  for (const bytes of sizes) {
    const plain = randomBytes(bytes)
    const file = age(to, plain)
    for (const { identities } of keys) {
      assert.deepEqual(await collect(decryptAge(chunked(file), { identities, signal })), plain)
    }
  }
})

test('both refuse the same damage', async (t) => {
  const keys = keysBy(t)
  if (!keys) return
  const [{ file, identities, recipients } = assert.fail()] = keys
  const whole = await collect(encryptAge(chunked(randomBytes(70_000)), recipients).body)
  const damaged = join(file, '..', 'damaged')
  for (const at of [30, 100, 150, 190, 1000, 65_800, whole.length - 1]) {
    const bytes = Buffer.from(whole)
    bytes[at] = (bytes[at] ?? 0) ^ 1
    writeFileSync(damaged, bytes)
    assert.notEqual(spawnSync('age', ['-d', '-i', file, '-o', '/dev/null', damaged]).status, 0)
    await assert.rejects(collect(decryptAge(chunked(bytes), { identities, signal })))
  }
})
