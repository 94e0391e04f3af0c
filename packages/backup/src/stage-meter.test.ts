import { equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type BackupStage, StageMeter } from './stage-meter.ts'

/** Moves bytes through a source, a compressor and an upload that take so long for each. */
async function slowestOf(took: Record<BackupStage, number>): Promise<BackupStage | null> {
  let nowMs = 0
  const meter = new StageMeter({ now: () => nowMs, monotonicMs: () => nowMs })
  async function* source() {
    for (let at = 0; at < 5; at++) {
      nowMs += took.source
      yield at
    }
  }
  async function* compress(input: AsyncIterable<number>) {
    for await (const item of input) {
      nowMs += took.compress
      yield item
    }
  }
  meter.slowest()
  for await (const _ of meter.toUpload(compress(meter.fromSource(source())))) nowMs += took.upload
  return meter.slowest()
}

describe('the slowest stage', () => {
  it('is the one that the others wait for', async () => {
    equal(await slowestOf({ source: 100, compress: 20, upload: 30 }), 'source')
    equal(await slowestOf({ source: 20, compress: 100, upload: 30 }), 'compress')
    equal(await slowestOf({ source: 20, compress: 30, upload: 100 }), 'upload')
  })

  it('is seen while it still stands', async () => {
    let nowMs = 0
    const meter = new StageMeter({ now: () => nowMs, monotonicMs: () => nowMs })
    equal(meter.slowest(), null)
    async function* hanging() {
      yield 1
      await new Promise(() => {})
    }
    const reading = meter.fromSource(hanging())
    await reading.next()
    void reading.next()
    nowMs += 1_000
    equal(meter.slowest(), 'source')
    equal(meter.isWaitingFor('source'), true)
    equal(meter.isWaitingFor('upload'), false)
  })

  it('is that of the last few seconds', async () => {
    let nowMs = 0
    const meter = new StageMeter({ now: () => nowMs, monotonicMs: () => nowMs })
    async function* endless() {
      for (;;) yield 1
    }
    const taken = meter.toUpload(endless())
    await taken.next()
    for (let seconds = 0; seconds < 10; seconds++, nowMs += 1_000) meter.slowest()
    equal(meter.slowest(), 'upload')
    await taken.return(undefined)
    for (let seconds = 0; seconds < 10; seconds++, nowMs += 1_000) meter.slowest()
    equal(meter.slowest(), 'compress')
  })
})
