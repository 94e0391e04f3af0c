import { plainText } from './plain-text.ts'

export interface Column {
  readonly heading: string
  /** Numbers and sizes stand to the right. */
  readonly align?: 'right'
}

export interface Cell {
  readonly text: string
  /** Colours; must not change what is visible. */
  readonly paint?: (text: string) => string
}

/** Columns as wide as their widest cell, two spaces between, a final newline; '' without rows. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly (string | Cell)[])[],
): string {
  if (rows.length === 0) return ''
  const cells = rows.map((row) =>
    columns.map((_, at) => {
      const cell = row[at] ?? ''
      return typeof cell === 'string'
        ? { text: plainText(cell) }
        : { ...cell, text: plainText(cell.text) }
    }),
  )
  const lines: readonly Cell[][] = [columns.map(({ heading }) => ({ text: heading })), ...cells]
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => lengthOf(line[at]))))
  return lines.map((line) => `${renderLine(line, columns, widths)}\n`).join('')
}

function renderLine(
  line: readonly Cell[],
  columns: readonly Column[],
  widths: readonly number[],
): string {
  const parts = line.map((cell, at) => {
    const space = ' '.repeat((widths[at] ?? 0) - lengthOf(cell))
    const text = cell.paint ? cell.paint(cell.text) : cell.text
    return columns[at]?.align === 'right' ? space + text : text + space
  })
  return parts.join('  ').trimEnd()
}

/** Characters, not code units: a name may hold an emoji. */
function lengthOf(cell: Cell | undefined): number {
  return [...(cell?.text ?? '')].length
}
