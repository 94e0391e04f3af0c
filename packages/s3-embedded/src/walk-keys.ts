import { compareKeys } from './key-order.ts'
import type { SortedKeys } from './sorted-keys.ts'

export interface Walk {
  readonly prefix: string
  /** Empty: no grouping. */
  readonly delimiter: string
  /** Begin behind this key or common prefix. */
  readonly after: string
  /** Begin with `after` itself: for listings with several entries a key. */
  readonly inclusive?: boolean
  readonly isVisible: (key: string) => boolean
}

export type Walked =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'prefix'; readonly key: string }

/**
 * Keys and common prefixes in byte order. A common prefix stands for all visible keys that begin
 * with it and is stepped over by binary search. Changes to the keys during the walk are not seen
 * reliably: take a page without awaiting in between.
 */
export function* walkKeys(keys: SortedKeys, walk: Walk): Generator<Walked> {
  let index = keys.firstFrom(compareKeys(walk.prefix, walk.after) > 0 ? walk.prefix : walk.after)
  if (!walk.inclusive && keys.at(index) === walk.after && walk.after !== '') index++
  for (;;) {
    const key = keys.at(index)
    if (key === undefined || !key.startsWith(walk.prefix)) return
    const group = commonPrefix(key, walk)
    if (group !== undefined && group === walk.after) {
      index = keys.firstWithout(group, index)
    } else if (!walk.isVisible(key)) {
      index++
    } else if (group === undefined) {
      yield { kind: 'key', key }
      index++
    } else {
      yield { kind: 'prefix', key: group }
      index = keys.firstWithout(group, index)
    }
  }
}

function commonPrefix(key: string, { prefix, delimiter }: Walk): string | undefined {
  if (delimiter === '') return undefined
  const at = key.indexOf(delimiter, prefix.length)
  return at < 0 ? undefined : key.slice(0, at + delimiter.length)
}
