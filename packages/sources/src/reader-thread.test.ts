import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { createDirectorySource } from './directory-source.ts'
import {
  directoryConfig,
  openDescriptors,
  readToEnd,
  sourceOptions,
  temporaryDirectory,
} from './source-samples.ts'

describe('a directory source that is stopped', () => {
  function manyFiles(t: TestContext): string {
    const root = temporaryDirectory(t)
    for (let i = 0; i < 200; i++) writeFileSync(join(root, `${i}`), Buffer.alloc(1000))
    return root
  }
  const slow = { slabBytes: 4096 }

  async function leavesNothing(work: () => Promise<void>): Promise<void> {
    const before = openDescriptors()
    await work()
    const threads = process.getActiveResourcesInfo().filter((name) => name === 'Worker')
    assert.deepEqual(threads, [])
    assert.ok(openDescriptors() <= before, 'no descriptor is left open')
  }

  it('rejects with the reason of the signal and leaves no thread or descriptor, whenever that is', async (t) => {
    const root = manyFiles(t)
    const source = createDirectorySource(directoryConfig(root), slow)
    // The first run opens what stays open for good, such as the loader's files.
    await readToEnd(source)
    for (const stopAfter of [0, 1, 7]) {
      await leavesNothing(async () => {
        const controller = new AbortController()
        const reason = new Error(`stopped after ${stopAfter}`)
        let seen = 0
        if (stopAfter === 0) setImmediate(() => controller.abort(reason))
        await assert.rejects(
          async () => {
            for await (const _ of source.read(sourceOptions(controller.signal)).segments) {
              seen++
              if (seen === stopAfter) controller.abort(reason)
            }
          },
          (error) => error === reason,
        )
      })
    }
  })

  it('stops its thread when the consumer gives up, or fails', async (t) => {
    const root = manyFiles(t)
    const source = createDirectorySource(directoryConfig(root), slow)
    await readToEnd(source)
    await leavesNothing(async () => {
      for await (const _ of source.read(sourceOptions()).segments) break
    })
    await leavesNothing(async () => {
      for await (const _ of source.dryRun(sourceOptions())) break
    })
    await leavesNothing(async () => {
      await assert.rejects(readToEnd(createDirectorySource(directoryConfig(`${root}/none`))), {
        code: 'source-missing',
      })
    })
  })

  it('starts nothing before it is iterated', async (t) => {
    await leavesNothing(async () => {
      createDirectorySource(directoryConfig(manyFiles(t))).read(sourceOptions())
    })
  })

  it('keeps reading while nobody gives memory back', async (t) => {
    const root = manyFiles(t)
    const source = createDirectorySource(directoryConfig(root), slow)
    const kept: Uint8Array[] = []
    for await (const { bytes } of source.read(sourceOptions()).segments) kept.push(bytes)
    const { tar } = await readToEnd(source)
    assert.ok(tar.subarray(0, -1024).equals(Buffer.concat(kept)))
  })
})
