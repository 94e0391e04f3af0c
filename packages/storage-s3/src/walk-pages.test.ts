import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isStorageError } from '@backstream/storage'
import { decodeListed, type Page, walkPages } from './walk-pages.ts'

test('walks from page to page until none is left', async () => {
  const pages = new Map<string | undefined, Page<number, string>>([
    [undefined, { entries: [1, 2], isTruncated: true, next: 'second' }],
    ['second', { entries: [], isTruncated: true, next: 'third' }],
    ['third', { entries: [3], isTruncated: false, next: 'not asked for' }],
  ])
  const seen: number[] = []
  for await (const entry of walkPages('list', async (at: string | undefined) => pages.get(at)!)) {
    seen.push(entry)
  }
  assert.deepEqual(seen, [1, 2, 3])
})

for (const [title, next] of [
  ['does not say where it goes on', undefined],
  ['goes on where it was', 'again'],
] as const) {
  test(`rejects a list that is not at its end and ${title}`, async () => {
    const walk = async () => {
      for await (const _ of walkPages('list', async () => {
        return { entries: [1], isTruncated: true, next }
      }));
    }
    await assert.rejects(walk(), (error) => isStorageError(error, 'unavailable'))
  })
}

test('decodes keys only where the store says that it encoded them', () => {
  assert.equal(decodeListed('a+b%2Bc%2F%0A', 'url'), 'a b+c/\n')
  assert.equal(decodeListed('a+b%2Bc', undefined), 'a+b%2Bc')
  assert.equal(decodeListed(undefined, 'url'), '')
})
