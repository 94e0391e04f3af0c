import assert from 'node:assert/strict'
import { it } from 'node:test'
import { mergeMetrics } from './queue-metrics.ts'

it('describes each metric once and keeps its samples together', () => {
  const text = (queue: string) =>
    `# HELP jobs Number\n# TYPE jobs gauge\njobs{queue="${queue}"} 1\n# TYPE other gauge\nother{queue="${queue}"} 2\n`
  assert.equal(
    mergeMetrics([text('a'), text('b')]),
    [
      '# HELP jobs Number',
      '# TYPE jobs gauge',
      'jobs{queue="a"} 1',
      'jobs{queue="b"} 1',
      '# TYPE other gauge',
      'other{queue="a"} 2',
      'other{queue="b"} 2',
      '',
    ].join('\n'),
  )
  assert.equal(mergeMetrics([]), '')
})
