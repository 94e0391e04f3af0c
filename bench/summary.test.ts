import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeMachine } from './machine.ts'
import { renderMarkdown, renderText } from './render-table.ts'
import type { Round } from './run-rounds.ts'
import { spreadOf } from './statistics.ts'
import { type Summary, summarize } from './summary.ts'

function roundOf(given: Partial<Round>): Round {
  return {
    ...{ server: 'sink', round: 1, contender: 'pipeline', wallSeconds: 1, cpuSeconds: 1 },
    ...{ peakRssBytes: 1 << 20, storedBytes: 1 << 20, probe: undefined },
    ...given,
  }
}

function summaryOf(rounds: readonly Round[]): Summary {
  const versions = { tar: 'tar 1', zstd: 'zstd 1', aws: 'aws 1' }
  const machine = describeMachine({ paths: versions, versions })
  const workload = { path: '/tree', files: 10, bytes: 40_000_000 }
  return summarize({ machine, preset: 'small', seed: 1, workload, runs: 3 }, rounds)
}

test('the median of an even number of values lies between the two in the middle', () => {
  assert.deepEqual(spreadOf([4, 1, 3, 2]), { median: 2.5, min: 1, max: 4 })
  assert.deepEqual(spreadOf([7]), { median: 7, min: 7, max: 7 })
})

test('ratios are taken round by round, so that a slow round of both changes none of them', () => {
  const summary = summaryOf([
    roundOf({ round: 1, contender: 'backstream', wallSeconds: 1 }),
    roundOf({ round: 1, contender: 'pipeline', wallSeconds: 2 }),
    roundOf({ round: 2, contender: 'pipeline', wallSeconds: 20 }),
    roundOf({ round: 2, contender: 'backstream', wallSeconds: 10 }),
  ])
  assert.deepEqual(summary.servers[0]?.ratios.wallSeconds, { median: 0.5, min: 0.5, max: 0.5 })
  assert.equal(summary.servers[0]?.filesPerSecond.max, 10)
})

test('the columns of the table are aligned, and a pipe does not end a cell of the page', () => {
  const summary = summaryOf([roundOf({ contender: 'backstream' }), roundOf({})])
  const lines = renderText(summary).split('\n')
  const start = lines.findIndex((line) => line.includes('wall s'))
  const widths = lines.slice(start, start + 4).map((line) => line.length)
  assert.equal(new Set(widths).size, 1)
  assert.match(renderMarkdown(summary), /tar -cf - \\\| zstd/)
})
