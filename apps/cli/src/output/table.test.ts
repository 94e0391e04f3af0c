import { equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createPaint } from './paint.ts'
import { renderTable } from './table.ts'

const columns = [{ heading: 'NAME' }, { heading: 'SIZE', align: 'right' }] as const

describe('renderTable', () => {
  it('makes columns as wide as their widest cell and leaves no space at the end of a line', () => {
    const table = renderTable(columns, [
      ['home', '9 B'],
      ['a-long-name', '10 KiB'],
    ])
    equal(table, 'NAME           SIZE\nhome            9 B\na-long-name  10 KiB\n')
  })

  it('counts characters, so that colours and emoji do not move the next column', () => {
    const red = createPaint(true).bad
    const table = renderTable(columns, [
      [{ text: 'x', paint: red }, '1 B'],
      ['\u{1f600}\u{1f600}', '1 B'],
    ])
    equal(table.split('\n')[1], `${red('x')}      1 B`)
    equal(table.split('\n')[2], '\u{1f600}\u{1f600}     1 B')
  })

  it('shows a control character instead of sending it to the terminal', () => {
    equal(renderTable([{ heading: 'A' }], [['\u001b[2Jx\n']]), 'A\n\ufffd[2Jx\ufffd\n')
  })

  it('is empty without rows', () => equal(renderTable(columns, []), ''))
})
