import type { Manifest } from '@backstream/backup'

/** What to type to restore this backup, or what is ticked of it; safe to paste whatever the names are. */
export function restoreCommand(manifest: Manifest, ticked: readonly string[]): string {
  const key = manifest.encryption === null ? '' : ' -i KEY'
  const paths = ticked.map((path) => ` --path ${quote(escapePattern(path))}`).join('')
  return `backstream restore ${manifest.plan}/${manifest.backup} --to DIR${key}${paths}`
}

/** A name that holds wildcards is taken for a pattern; each of them in brackets stands for itself. */
function escapePattern(path: string): string {
  return path.replace(/[*?[]/g, '[$&]')
}

/** One word for a POSIX shell. */
function quote(text: string): string {
  return /^[\w./@%+=:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
