import { StorageError, type StorageErrorCode } from '../errors.ts'
import type { RequestOptions, Storage } from '../storage.ts'

export type FaultyMethod = Exclude<keyof Storage, 'capabilities' | 'location'>

/** One thing that goes wrong: "the 3rd put fails with unavailable". */
export interface Fault {
  readonly on: FaultyMethod
  /** Which call of that method, from 1; every call when absent. */
  readonly nth?: number
  /** What it answers; `hang`: nothing, until its signal is aborted. */
  readonly fail: StorageErrorCode | Error | 'hang'
  /**
   * `before` (default): the store is not asked. `after`: it does what it was asked, and the answer
   * is lost. A listing fails at its beginning or at its end; a number: after so many entries.
   */
  readonly when?: 'before' | 'after' | number
}

export interface FaultyOptions {
  readonly faults: readonly Fault[]
}

/** A store that fails by script, for tests. Calls are counted per method, from the first. */
export function faulty(inner: Storage, options: FaultyOptions): Storage {
  const calls = new Map<FaultyMethod, number>()
  const nextFault = (on: FaultyMethod): Fault | undefined => {
    const call = (calls.get(on) ?? 0) + 1
    calls.set(on, call)
    return options.faults.find((fault) => fault.on === on && (fault.nth ?? call) === call)
  }
  const request = async <T>(
    on: FaultyMethod,
    call: RequestOptions | undefined,
    send: () => Promise<T>,
  ): Promise<T> => {
    call?.signal?.throwIfAborted()
    const fault = nextFault(on)
    if (!fault) return await send()
    if (fault.when === 'after') await send()
    return await raise(fault, call?.signal)
  }
  const listing = async function* <T>(
    on: FaultyMethod,
    call: RequestOptions | undefined,
    entries: AsyncIterable<T>,
  ) {
    const fault = nextFault(on)
    let left = typeof fault?.when === 'number' ? fault.when : 0
    if (fault && fault.when !== 'after' && left === 0) await raise(fault, call?.signal)
    for await (const entry of entries) {
      yield entry
      left -= 1
      if (fault && left === 0) await raise(fault, call?.signal)
    }
    if (fault) await raise(fault, call?.signal)
  }

  return {
    get capabilities() {
      return inner.capabilities
    },
    location: inner.location,
    head: (key, call) => request('head', call, () => inner.head(key, call)),
    get: (key, call) => request('get', call, () => inner.get(key, call)),
    put: (key, bytes, call) => request('put', call, () => inner.put(key, bytes, call)),
    upload: (key, body, call) => request('upload', call, () => inner.upload(key, body, call)),
    abortUpload: (key, uploadId, call) =>
      request('abortUpload', call, () => inner.abortUpload(key, uploadId, call)),
    delete: (key, call) => request('delete', call, () => inner.delete(key, call)),
    list: (prefix, call) => listing('list', call, inner.list(prefix, call)),
    listLevel: (prefix, call) => listing('listLevel', call, inner.listLevel(prefix, call)),
    listVersions: (prefix, call) => listing('listVersions', call, inner.listVersions(prefix, call)),
    listUploads: (prefix, call) => listing('listUploads', call, inner.listUploads(prefix, call)),
    listParts: (key, uploadId, call) =>
      listing('listParts', call, inner.listParts(key, uploadId, call)),
  }
}

async function raise(fault: Fault, signal: AbortSignal | undefined): Promise<never> {
  if (fault.fail === 'hang') return await hangUntilAborted(signal)
  if (fault.fail instanceof Error) throw fault.fail
  throw new StorageError(fault.fail, `${fault.on} failed, as the script says`)
}

function hangUntilAborted(signal: AbortSignal | undefined): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  if (signal?.aborted) reject(signal.reason)
  else signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  return promise
}
