import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { renderInitialConfig } from './initial-config.ts'
import type { Config } from './model.ts'
import { parseConfig } from './parse-config.ts'

test('writes a configuration that parses without problems once its variables are set', () => {
  const text = renderInitialConfig({
    paths: ['/srv/media', '/', '/home/ä/Latest', '/srv/media/'],
    bucket: 'backups',
    prefix: 'prod/home',
    endpoint: 'https://s3.example.com',
    region: 'eu-central-1',
    pathStyle: true,
    name: 'home-2',
  })
  const { name, storages, plans } = parse(text)
  assert.equal(name, 'home-2')
  assert.deepEqual(storages['main']?.credentials, {
    accessKeyId: { env: 'S3_ACCESS_KEY_ID' },
    secretAccessKey: { env: 'S3_SECRET_ACCESS_KEY' },
    sessionToken: null,
  })
  assert.equal(storages['main']?.pathStyle, true)
  assert.deepEqual(
    plans.map((plan) => plan.name),
    ['media', 'root', 'files', 'media-2'],
  )
  assert.ok(plans.every((plan) => plan.schedule !== null))
})

test('leaves credentials to the AWS tools when there is no endpoint', () => {
  const text = renderInitialConfig({ paths: ['/srv'], bucket: 'backups', prefix: '' })
  assert.equal(parse(text).storages['main']?.credentials, null)
})

test('names databases and whom to encrypt to, and holds no secret', () => {
  const recipient = 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj'
  const text = renderInitialConfig({
    paths: ['/srv/shop'],
    databases: [
      {
        name: 'shop',
        kind: 'postgres',
        at: { uri: { env: 'SHOP_URI' } },
        password: { file: '/run/secrets/it, really' },
      },
      { name: 'notes', kind: 'sqlite', at: { path: '/srv/a b.db' }, password: null },
    ],
    recipients: [recipient],
    bucket: 'backups',
    prefix: '',
  })
  const { plans } = parse(text)
  assert.deepEqual(
    plans.map(({ name, encryption }) => [name, encryption?.recipients]),
    ['shop', 'notes', 'shop-2'].map((name) => [name, [recipient]]),
  )
  const [[shop], [notes]] = plans.map(({ sources }) => sources) as [[unknown], [unknown]]
  assert.partialDeepStrictEqual(shop, {
    kind: 'postgres',
    uri: { env: 'SHOP_URI' },
    password: { file: '/run/secrets/it, really' },
  })
  assert.partialDeepStrictEqual(notes, { kind: 'sqlite', path: '/srv/a b.db' })
})

test('keeps any path, whatever YAML or the loader would make of it', () => {
  const odd = fc.constantFrom(
    '${X}',
    '$',
    ': ',
    ' #',
    '*',
    '&a',
    '"',
    '\\',
    "'",
    '\n',
    '\u2028',
    '\u0085',
    '\ufeff',
    'ü',
    '🎉',
  )
  const part = fc.array(fc.oneof(odd, fc.string({ unit: 'grapheme' })), { minLength: 1 })
  const path = part
    .map((pieces) => `/${pieces.join('')}`)
    .filter((candidate) => !candidate.includes('\0') && candidate.isWellFormed())
  fc.assert(
    fc.property(fc.array(path, { minLength: 1, maxLength: 4 }), (paths) => {
      const { plans } = parse(renderInitialConfig({ paths, bucket: 'abc', prefix: '' }))
      const read = plans.map(({ sources: [source] }) => source?.kind === 'directory' && source.path)
      assert.deepEqual(read, paths)
    }),
    { numRuns: 300 },
  )
})

test('keeps names that YAML would take for something else', () => {
  for (const bucket of ['true', '123', '0x10', 'null', '1e3', 'off']) {
    const text = renderInitialConfig({ paths: ['/srv/true', '/srv/42'], bucket, prefix: bucket })
    assert.equal(parse(text).storages['main']?.bucket, bucket)
    assert.equal(parse(text).storages['main']?.prefix, bucket)
  }
})

function parse(text: string): Config {
  const result = parseConfig(text, { file: 'f', env: {} })
  assert.deepEqual(result.ok ? result.notices : result.problems, [])
  assert.ok(result.ok)
  return result.config
}
