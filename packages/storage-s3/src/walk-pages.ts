import { StorageError } from '@backstream/storage'

export interface Page<T, Cursor> {
  readonly entries: readonly T[]
  readonly isTruncated: boolean
  /** Where the next page begins. */
  readonly next: Cursor | undefined
}

/**
 * All entries of all pages. A page that says there is more, but not where, or the same place again,
 * is an error: to stop there would pass a part of the list off as the whole.
 */
export async function* walkPages<T, Cursor>(
  about: string,
  fetchPage: (cursor: Cursor | undefined) => Promise<Page<T, Cursor>>,
): AsyncGenerator<T, void, undefined> {
  let place = ''
  for (let cursor: Cursor | undefined; ; ) {
    const page = await fetchPage(cursor)
    yield* page.entries
    if (!page.isTruncated) return
    cursor = page.next
    const nextPlace = JSON.stringify(cursor)
    if (cursor === undefined || nextPlace === place) {
      throw new StorageError('unavailable', `${about}: the store broke the list off`)
    }
    place = nextPlace
  }
}

/**
 * Keys are asked for URL-encoded, because XML cannot hold every character a key can; a plus sign
 * stands for a space then. A store that does not say that it encoded did not.
 */
export function decodeListed(text: string | undefined, encoding: string | undefined): string {
  if (encoding !== 'url') return text ?? ''
  return decodeURIComponent((text ?? '').replaceAll('+', ' '))
}
