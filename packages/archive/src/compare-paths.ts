/**
 * The order of entries in an archive: by the bytes of the path's components, a directory before
 * what lies in it. Negative, zero or positive, as `Array.sort` takes it.
 */
export function comparePaths(a: string, b: string): number {
  if (a === b) return 0
  const left = a.split('/')
  const right = b.split('/')
  for (let depth = 0; depth < Math.min(left.length, right.length); depth++) {
    const order = Buffer.compare(
      Buffer.from(left[depth] as string),
      Buffer.from(right[depth] as string),
    )
    if (order !== 0) return order
  }
  return left.length - right.length
}

/** Whether `path` is `folder` or lies below it; everything lies below ''. */
export function isAtOrBelow(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`)
}
