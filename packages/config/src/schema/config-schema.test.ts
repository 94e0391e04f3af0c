import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
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

type Json = Record<string, unknown>

function visit(node: unknown, path: string, see: (node: Json, path: string) => void): void {
  if (typeof node !== 'object' || node === null) return
  see(node as Json, path)
  for (const [key, inner] of Object.entries(node)) visit(inner, `${path}/${key}`, see)
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {}
}
