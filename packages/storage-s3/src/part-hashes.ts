import type { ObjectDigest, ObjectHasherOptions, PartDigest } from '@backstream/storage'
import { digestBytes } from './digest-bytes.ts'
import { type HashThread, openHashThread } from './hash-thread.ts'
import type { RawDataPart } from './part-upload.ts'

/** The hashes of an object that is cut into parts, of each of them and of the whole. */
export interface PartHashes extends AsyncDisposable {
  /** In the order of the parts. One is not changed before its digest is there. */
  add(part: RawDataPart): void
  /** Of a part that was added. */
  part(partNumber: number): Promise<PartDigest>
  /** Undefined before the last part was added. */
  readonly whole: Promise<ObjectDigest> | undefined
}

export interface PartHashesOptions {
  readonly partBytes: number
  readonly hashes: ObjectHasherOptions
  readonly signal: AbortSignal
  /** Default: `openHashThread`. */
  readonly open?: typeof openHashThread
}

/**
 * Hashed in a thread, where a part of 16 MiB takes some 20 ms for which the event loop would stand still. One
 * part alone is hashed here, with turns for others: a thread would take longer to start.
 */
export function createPartHashes(options: PartHashesOptions): PartHashes {
  const { partBytes, hashes, signal, open = openHashThread } = options
  const parts: Promise<PartDigest>[] = []
  let thread: Promise<HashThread> | undefined
  let whole: Promise<ObjectDigest> | undefined
  /** The thread takes the object's bytes in their order. */
  let before: Promise<unknown> = Promise.resolve()

  const inThread = <T>(work: (opened: HashThread) => Promise<T>): Promise<T> => {
    thread ??= handled(open({ partBytes, hashes }))
    const done = handled(Promise.all([thread, before]).then(([opened]) => work(opened)))
    before = done
    return done
  }
  const finish = ({ data, partNumber }: RawDataPart): Promise<ObjectDigest> =>
    partNumber === 1
      ? handled(digestBytes(data, { hashes, signal }))
      : inThread((opened) => opened.addLast(data))
  return {
    add(part) {
      if (part.lastPart) {
        whole = finish(part)
        parts.push(handled(whole.then(lastOf)))
      } else {
        parts.push(inThread((opened) => opened.addPart(part.data, part.partNumber)))
      }
    },
    part(partNumber) {
      const digest = parts[partNumber - 1]
      return (
        digest ?? Promise.reject(new TypeError(`part ${partNumber} is sent before it was hashed`))
      )
    },
    get whole() {
      return whole
    },
    async [Symbol.asyncDispose]() {
      // One that could not be started has failed whoever waited for it.
      const opened = await thread?.catch(() => undefined)
      await opened?.[Symbol.asyncDispose]()
    },
  }
}

function lastOf({ parts }: ObjectDigest): PartDigest {
  return parts.at(-1) as PartDigest
}

/** Whoever sends the part asks for it; of an upload that was given up nobody does. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
