import { randomBytes } from 'node:crypto'
import { failure, findingOf, ok, type ProbeFinding, warning } from './finding.ts'
import type { Probe } from './probe.ts'

const key = 'object'

/** Writes an object, reads it back and finds it in a listing. */
export async function probeObjects(probe: Probe): Promise<ProbeFinding[]> {
  const bytes = randomBytes(1000)
  const written = await probeWrite(probe, bytes)
  if (written.level === 'error') return [written]
  return [written, await probeRead(probe, bytes), await probeList(probe)]
}

async function probeWrite({ storage, signal }: Probe, bytes: Uint8Array): Promise<ProbeFinding> {
  try {
    const { check } = await storage.put(key, bytes, { signal })
    if (check !== 'size') return ok('write', `objects can be written, and compared by ${check}`)
    return warning(
      'write',
      'objects can be written, but the store says nothing of their content',
      'Plan `verify` with a deep interval: only reading back shows what was stored. If the profile says `checksums: true`, take it out: this store does not keep them.',
    )
  } catch (error) {
    signal?.throwIfAborted()
    return findingOf('write', error)
  }
}

async function probeRead({ storage, signal }: Probe, bytes: Uint8Array): Promise<ProbeFinding> {
  try {
    const { body } = await storage.get(key, { signal })
    const chunks: Uint8Array[] = []
    for await (const chunk of body) chunks.push(chunk)
    if (Buffer.concat(chunks).equals(bytes)) return ok('read', 'objects can be read back')
    return failure('read', 'an object that was read back is not the one that was written', null)
  } catch (error) {
    signal?.throwIfAborted()
    return findingOf('read', error)
  }
}

async function probeList({ storage, signal }: Probe): Promise<ProbeFinding> {
  try {
    for await (const object of storage.list('', { signal })) {
      if (object.key === key) return ok('list', 'objects can be listed as soon as they are written')
    }
    return failure('list', 'an object that was just written is not in the listing', null)
  } catch (error) {
    signal?.throwIfAborted()
    return findingOf('list', error)
  }
}
