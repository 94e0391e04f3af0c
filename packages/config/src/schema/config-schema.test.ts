import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { parse } from 'yaml'
import * as z from 'zod'
import { buildJsonSchema } from './config-schema.ts'

test('is what backstream.schema.json holds (npm run schema)', async () => {
  const file = new URL('../../../../backstream.schema.json', import.meta.url)
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), buildJsonSchema())
})

test('describes every key', () => {
  const silent: string[] = []
  visit(buildJsonSchema(), '', (node, path) => {
    for (const [key, schema] of Object.entries(asObject(node['properties']))) {
      const isReferred = '$ref' in asObject(schema) || 'allOf' in asObject(schema)
      if (!isReferred && !asObject(schema)['description']) silent.push(`${path}.${key}`)
    }
  })
  assert.deepEqual(silent, [])
})

test('allows x- keys, and no others, wherever keys are fixed', () => {
  const open: string[] = []
  visit(buildJsonSchema(), '', (node, path) => {
    if (!node['properties'] || 'additionalProperties' in asObject(node['properties'])) return
    const isClosed = node['additionalProperties'] === false
    const allowsComments = '^x-' in asObject(node['patternProperties'])
    if (!isClosed || !allowsComments) open.push(path)
  })
  assert.deepEqual(open, [])
})

const sample = `version: 1
name: "\${NAME}"
redis: "\${REDIS_URL}"
x-note: anything
storages: { main: { kind: s3, bucket: b, credentials: { accessKeyId: "\${ID}", secretAccessKey: { file: /s3 } }, bandwidth: 20MiB/s } }
defaults: { storage: main, schedule: { cron: "15 3 * * *", jitter: "\${JITTER}" }, retention: { keepDaily: 7 } }
plans:
  a: { source: { kind: directory, path: "\${DIR}" }, attempts: "\${N}", schedule: null, catchUp: 6h }
  b: { each: [x], runsOn: "\${each}", sources: [{ kind: postgres, at: db, databases: ["*"], via: { ssh: { host: h } } }] }
`

test('accepts in the editor what loading accepts, variables included', () => {
  const schema = z.fromJSONSchema(buildJsonSchema())
  assert.deepEqual(schema.safeParse(parse(sample)).error?.issues, undefined)
  const mistakes: readonly (readonly [string, string])[] = [
    ['version: 1', 'version: 2'],
    ['storages:', 'storage:'],
    ['20MiB/s', '20'],
    ['6h', '6 hours'],
    ['keepDaily', 'daily'],
    ['kind: directory', 'kind: dir'],
  ]
  for (const [from, to] of mistakes) {
    assert.ok(!schema.safeParse(parse(sample.replace(from, to))).success, to)
  }
})

type Json = Record<string, unknown>

function visit(node: unknown, path: string, see: (node: Json, path: string) => void): void {
  if (typeof node !== 'object' || node === null) return
  see(node as Json, path)
  for (const [key, inner] of Object.entries(node)) visit(inner, `${path}/${key}`, see)
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {}
}
