import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Case } from './cases.ts'
import { describeMachine } from './machine.ts'
import { renderPage } from './render-page.ts'
import type { Round } from './run-case.ts'
import { spreadOf } from './statistics.ts'
import { type BenchResult, type CaseResult, compareRivals, partOfLimit } from './summary.ts'

const of: Case = {
  ...{ workload: 'small', task: 'backup', server: 'sink', rounds: 2, limit: 0.85 },
  rivals: [{ name: 'zstd-aws', target: { wall: 0.8, cpu: 0.95 } }],
}

function roundOf(given: Partial<Round>): Round {
  return {
    ...{ round: 1, contender: 'zstd-aws', wallSeconds: 1, cpuSeconds: 1 },
    ...{ peakRssBytes: 1 << 20, storedBytes: 1 << 20, requests: 7, probe: null },
    ...given,
  }
}

function caseOf(rounds: readonly Round[]): CaseResult {
  const stage = { wallSeconds: 1, cpuSeconds: 1 }
  const limit = { read: stage, compress: stage, upload: stage, wallSeconds: 4 }
  return { of, workload: { name: 'small', files: 10, bytes: 40_000_000 }, rounds, limit }
}

const rounds = [
  roundOf({ round: 1, contender: 'backstream', wallSeconds: 1 }),
  roundOf({ round: 1, wallSeconds: 2 }),
  roundOf({ round: 2, wallSeconds: 20 }),
  roundOf({ round: 2, contender: 'backstream', wallSeconds: 10 }),
]

test('the median of an even number of values lies between the two in the middle', () => {
  assert.deepEqual(spreadOf([4, 1, 3, 2]), { median: 2.5, min: 1, max: 4 })
  assert.deepEqual(spreadOf([7]), { median: 7, min: 7, max: 7 })
})

test('ratios are taken round by round, so that a slow round of both changes none of them', () => {
  const [compared] = compareRivals(caseOf(rounds))
  assert.deepEqual(compared?.wall, { median: 0.5, min: 0.5, max: 0.5 })
})

test('a rival of fewer rounds is compared in those that it took part in', () => {
  const [compared] = compareRivals(caseOf(rounds.filter((one) => one !== rounds[2])))
  assert.deepEqual(compared?.wall, { median: 0.5, min: 0.5, max: 0.5 })
})

test('the part of the limit is that of the median run', () => {
  assert.equal(partOfLimit(caseOf(rounds)), 4 / 5.5)
})

test('the page has aligned tables, says what was reached, and what else the machine did', () => {
  const versions = { tar: '', zstd: '', aws: '', rclone: '', restic: '', python3: '' }
  const result: BenchResult = {
    ...{ format: 'backstream.bench/2', date: '2026-11-28', scale: 1, seed: 1, oneFile: [] },
    machine: describeMachine({ paths: versions, versions }),
    load: { before: 3, after: 4 },
    cases: [caseOf(rounds)],
  }
  const page = renderPage(result)
  const tables = page.split('\n\n').filter((block) => block.startsWith('|'))
  for (const table of tables) {
    assert.equal(
      new Set(
        table
          .trim()
          .split('\n')
          .map(({ length }) => length),
      ).size,
      1,
    )
  }
  assert.equal(tables.length, 2)
  assert.match(page, /0\.50 \(≤ 0\.8: reached\)/)
  assert.match(page, /1\.00 \(≤ 0\.95: missed\)/)
  assert.match(page, /0\.73 of it \(≥ 0\.85: missed\)/)
  assert.match(page, /Other work was running/)
})
