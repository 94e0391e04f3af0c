import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { putWordsBelow } from './words-below.ts'

test('words stand below their row, broken where the terminal ends', () => {
  const table = 'PLAN\nshop\nmedia\n'
  const text = putWordsBelow(table, ['it failed, and\u001b this is why', ''], {
    columns: 14,
    paint: (line) => `<${line}>`,
  })
  equal(text, 'PLAN\nshop\n  <it failed,>\n  <and\ufffd this is>\n  <why>\nmedia\n')
})
