import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Storage } from '../storage.ts'
import { bytesOf, chunksOf, collect, patternBytes, rejectsWith } from './arrange.ts'
import type { StorageFactory } from './subject.ts'

export function describeAborts(factory: StorageFactory): void {
  describe('aborts', () => {
    test('sends nothing for a signal that is aborted already', async () => {
      await using subject = await factory()
      const { storage } = subject
      await storage.put('there', bytesOf('x'))
      const reason = new Error('the worker is going down')
      const signal = AbortSignal.abort(reason)
      const body = trackedBody(1000)
      const calls: Record<string, Promise<unknown>> = {
        head: storage.head('there', { signal }),
        get: storage.get('there', { signal }),
        put: storage.put('new', bytesOf('x'), { signal }),
        conditionalPut: storage.put('new', bytesOf('x'), { signal, ifAbsent: true }),
        upload: storage.upload('new', body, { signal }),
        abortUpload: storage.abortUpload('there', 'upload', { signal }),
        delete: storage.delete('there', { signal }),
        list: collect(storage.list('', { signal })),
        listLevel: collect(storage.listLevel('', { signal })),
        listVersions: collect(storage.listVersions('', { signal })),
        listUploads: collect(storage.listUploads('', { signal })),
      }
      for (const [name, call] of Object.entries(calls)) {
        await assert.rejects(call, (thrown) => thrown === reason, name)
      }
      assert.equal(body.wasRead, false)
      assert.deepEqual(
        (await collect(storage.list(''))).map((object) => object.key),
        ['there'],
      )
    })

    for (const [title, lengthFor] of [
      ['before its first byte', () => 0],
      ['within the first part', () => 1000],
      ['after several parts', (part: number) => 2 * part + 1000],
    ] as const) {
      test(`ends an upload whose body stands still ${title}, with the signal's reason`, async () => {
        await using subject = await factory()
        const { storage } = subject
        const stop = new AbortController()
        const reason = new Error('cancelled by an operator')
        const body = trackedBody(lengthFor(storage.capabilities.partBytes))
        const upload = storage.upload('big', body, { signal: stop.signal })
        await Promise.race([body.stands, upload])
        stop.abort(reason)
        await assert.rejects(upload, (thrown) => thrown === reason)
        assert.equal(body.wasReleased, true)
        await rejectsWith('not-found', storage.head('big'))
        await abortAll(storage)
        assert.deepEqual(await collect(storage.listUploads('')), [])
        await rejectsWith('not-found', storage.head('big'))
      })
    }

    test('ends every upload that shares a signal', async () => {
      await using subject = await factory()
      const { storage } = subject
      const stop = new AbortController()
      const reason = new Error('the worker is going down')
      const bodies = [trackedBody(1000), trackedBody(1000), trackedBody(0)]
      const uploads = bodies.map((body, index) =>
        storage.upload(`big-${index}`, body, { signal: stop.signal }),
      )
      await Promise.race([Promise.all(bodies.map((body) => body.stands)), ...uploads])
      stop.abort(reason)
      for (const upload of uploads) await assert.rejects(upload, (thrown) => thrown === reason)
      assert.deepEqual(await collect(storage.list('')), [])
    })

    test('ends a listing between two entries', async () => {
      await using subject = await factory()
      const { storage } = subject
      for (const key of ['a', 'b', 'c']) await storage.put(key, bytesOf(key))
      const stop = new AbortController()
      const reason = new Error('enough')
      const seen: string[] = []
      const reading = async () => {
        for await (const object of storage.list('', { signal: stop.signal, pageSize: 1 })) {
          seen.push(object.key)
          stop.abort(reason)
        }
      }
      await assert.rejects(reading(), (thrown) => thrown === reason)
      assert.deepEqual(seen, ['a'])
    })

    test('ends the reading of a body', async () => {
      await using subject = await factory()
      const { storage } = subject
      await storage.put('object', patternBytes(5_000_000))
      const stop = new AbortController()
      const reason = new Error('enough')
      const { body } = await storage.get('object', { signal: stop.signal })
      const reading = async () => {
        for await (const _chunk of body) stop.abort(reason)
      }
      await assert.rejects(reading(), (thrown) => thrown === reason)
    })

    test('works on with a signal that is never aborted', async () => {
      await using subject = await factory()
      const { storage } = subject
      const { signal } = new AbortController()
      const bytes = patternBytes(storage.capabilities.partBytes + 1)
      await storage.upload('big', chunksOf(bytes, 1_000_000), { signal })
      assert.equal((await storage.head('big', { signal })).bytes, bytes.byteLength)
    })
  })
}

/** Yields so many bytes, then stands still for ever, as a hanging source does. */
function trackedBody(length: number) {
  const stands = Promise.withResolvers<void>()
  const rest = chunksOf(patternBytes(length), 1_000_000)
  const state = { stands: stands.promise, wasRead: false, wasReleased: false }
  const iterator: AsyncIterator<Uint8Array> = {
    async next() {
      state.wasRead = true
      const next = await rest.next()
      if (!next.done) return next
      stands.resolve()
      return await new Promise<never>(() => {})
    },
    async return() {
      state.wasReleased = true
      return { done: true, value: undefined }
    },
  }
  return Object.assign(state, { [Symbol.asyncIterator]: () => iterator })
}

async function abortAll(storage: Storage): Promise<void> {
  for (const upload of await collect(storage.listUploads(''))) {
    await storage.abortUpload(upload.key, upload.uploadId)
  }
}
