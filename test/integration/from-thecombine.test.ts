import { deepEqual, match } from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const root = new URL('../../', import.meta.url)
const page = readFileSync(new URL('docs/from-thecombine.md', root), 'utf8')
const rows = page.split('\n').filter((line) => /^\| \d+ \|/.test(line))

test('docs/from-thecombine.md answers each of the fifty behaviours, in order', () => {
  deepEqual(
    rows.map((row) => Number(row.split('|')[1])),
    Array.from({ length: 50 }, (_, at) => at + 1),
  )
})

test('each answer names a test that is there, under its title', () => {
  const missing = rows.filter((row) => {
    const [, file = '', title = ''] = /`([^`]+\.ts)`: “([^”]+)” \|$/.exec(row) ?? []
    const path = new URL(file, root)
    return file === '' || !existsSync(path) || !readFileSync(path, 'utf8').includes(title)
  })
  deepEqual(missing, [])
})

test('each answer names a command or a key, or says that it is always so', () => {
  const bare = rows.filter((row) => !/^ (?:\*always\*: |.*`)/.test(row.split('|')[3] ?? ''))
  deepEqual(bare, [])
})

test('docs/from-thecombine.md names the example', () => {
  match(page, /examples\/thecombine\.yaml/)
})
