import type { Storage } from '@backstream/storage'

type OpenStorage = (name: string) => Promise<Storage>

/** Opens each storage once, when it is first asked for; one that could not be opened is tried again. */
export function rememberOpened(open: OpenStorage): OpenStorage {
  const opened = new Map<string, Promise<Storage>>()
  return (name) => {
    const known = opened.get(name)
    if (known) return known
    const opening = open(name)
    opened.set(name, opening)
    opening.catch(() => opened.delete(name))
    return opening
  }
}
