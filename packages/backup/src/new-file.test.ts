import assert from 'node:assert/strict'
import { it } from 'node:test'
import { timeOf } from './new-file.ts'

it('sets a time before 1970 to the millisecond that is nearest', () => {
  assert.deepEqual(timeOf(-67_108_864_290.000_01), new Date(-67_108_864_290))
  assert.deepEqual(timeOf(-67_108_864_290.999_99), new Date(-67_108_864_291))
  assert.equal(timeOf(1_500.25), 1.50025)
})
