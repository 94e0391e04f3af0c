import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FaultBook, type FaultTarget } from './faults.ts'

const part: FaultTarget = {
  method: 'PUT',
  operation: 'UploadPart',
  bucket: 'box',
  key: 'a/b',
  partNumber: 2,
}
const action = { status: 500 } as const

test('strikes only what fits everything it names', () => {
  const book = new FaultBook()
  const fault = book.add({
    match: { operation: 'UploadPart', key: /^a\//g, partNumber: 2 },
    action,
  })
  for (const other of [
    { ...part, key: 'b' },
    { ...part, partNumber: 3 },
    { ...part, key: undefined },
  ]) {
    assert.deepEqual(book.take(other), [])
  }
  assert.deepEqual(book.take(part), [action])
  assert.deepEqual(book.take(part), [action])
  assert.equal(fault.hits, 2)
})

test('counts the nth and every among the requests that fit', () => {
  const book = new FaultBook()
  const third = book.add({ match: { method: 'PUT', nth: 3 }, action })
  const second = book.add({ match: { method: 'PUT', every: 2 }, times: 2, action })
  book.take({ ...part, method: 'GET' })
  const struck = Array.from({ length: 8 }, () => book.take(part).length)
  assert.deepEqual(struck, [0, 1, 1, 1, 0, 0, 0, 0])
  assert.deepEqual([third.hits, second.hits], [1, 2])
})

test('strikes no more once removed or cleared', () => {
  const book = new FaultBook()
  const removed = book.add({ action })
  book.add({ action: { hang: true } })
  removed.remove()
  assert.deepEqual(book.take(part), [{ hang: true }])
  book.clear()
  assert.deepEqual(book.take(part), [])
})
