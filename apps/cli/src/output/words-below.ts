import { plainText } from './plain-text.ts'

const indent = '  '

/** Each row of a table with what is to be said of it below, in lines of at most `columns`. */
export function putWordsBelow(
  table: string,
  words: readonly string[],
  { columns, paint }: { readonly columns: number; readonly paint: (text: string) => string },
): string {
  const [heading = '', ...rows] = table.trimEnd().split('\n')
  const lines = rows.flatMap((row, at) => [
    row,
    ...breakLines(plainText(words[at] ?? ''), columns - indent.length).map(
      (line) => indent + paint(line),
    ),
  ])
  return `${[heading, ...lines].join('\n')}\n`
}

/** At spaces; a word that is longer than a line stays whole. */
function breakLines(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').filter(Boolean)) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && longer.length > columns) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return line === '' ? lines : [...lines, line]
}
