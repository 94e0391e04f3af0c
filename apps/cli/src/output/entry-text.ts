import type { IndexEntry } from '@backstream/backup'
import { formatLocalTime } from './local-time.ts'
import { plainText } from './plain-text.ts'

const typeLetters: Readonly<Record<IndexEntry['type'], string>> = {
  file: '-',
  stream: '-',
  directory: 'd',
  symlink: 'l',
  link: 'h',
}

/** As `ls -l` shows it: type and mode, size, time, path. */
export function entryLine(entry: IndexEntry): string {
  const { type, mode, size, mtimeMs, path, linkTarget } = entry
  const target = linkTarget === undefined ? '' : ` -> ${plainText(linkTarget)}`
  const columns = [modeText(type, mode), String(size).padStart(13), formatLocalTime(mtimeMs)]
  return `${columns.join('  ')}  ${plainText(path)}${target}\n`
}

function modeText(type: IndexEntry['type'], mode: number): string {
  const letters = [...'rwxrwxrwx'].map((letter, at) => ((mode >> (8 - at)) & 1 ? letter : '-'))
  const special = [
    [0o4000, 2, 's'],
    [0o2000, 5, 's'],
    [0o1000, 8, 't'],
  ] as const
  for (const [bit, at, letter] of special) {
    if (mode & bit) letters[at] = letters[at] === '-' ? letter.toUpperCase() : letter
  }
  return `${typeLetters[type]}${letters.join('')}`
}

/** As `--json` prints an entry. */
export function entryDocument(entry: IndexEntry): Record<string, unknown> {
  const { path, type, size, mode, mtimeMs, linkTarget, rawPath } = entry
  return {
    path,
    type,
    size,
    mode: mode.toString(8).padStart(4, '0'),
    mtime: new Date(mtimeMs).toISOString(),
    ...(linkTarget !== undefined && { linkTarget }),
    ...(rawPath && { pathBase64: rawPath.toString('base64') }),
  }
}
