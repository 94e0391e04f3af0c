/** What becomes of what is there already when a restore has something of the same name. */
export type Overwrite = 'never' | 'if-newer' | 'always'

export const overwrites: readonly Overwrite[] = ['never', 'if-newer', 'always']

/** Whether what is there gives way to an entry of the backup. */
export function givesWay(
  there: { readonly mtimeMs: number },
  entry: { readonly mtimeMs: number },
  overwrite: Overwrite,
): boolean {
  if (overwrite === 'if-newer') return entry.mtimeMs > there.mtimeMs
  return overwrite === 'always'
}
