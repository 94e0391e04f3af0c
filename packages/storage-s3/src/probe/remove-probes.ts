import type { Storage } from '@backstream/storage'
import { findingOf, ok, type ProbeFinding } from './finding.ts'

const patienceMs = 60_000

/**
 * Removes everything below the probe's own prefix: uploads, objects, versions, delete markers. Under
 * a signal of its own, since what ended the probe must not leave its objects behind.
 */
export async function removeProbes(storage: Storage): Promise<ProbeFinding> {
  const signal = AbortSignal.timeout(patienceMs)
  try {
    for await (const { key, uploadId } of storage.listUploads('', { signal })) {
      await storage.abortUpload(key, uploadId, { signal })
    }
    for await (const { key, versionId } of storage.listVersions('', { signal })) {
      await storage.delete(key, { versionId, signal })
    }
    return ok('delete', 'what was written for this was removed again')
  } catch (error) {
    const finding = findingOf('delete', error)
    return { ...finding, message: `${finding.message}; left at ${storage.location}` }
  }
}
