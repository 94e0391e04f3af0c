import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { evictionFinding, parseInfo, persistenceFinding, versionFinding } from './inspect-redis.ts'

const info = (text: string) => parseInfo(text.replaceAll('\n', '\r\n'))

describe('findings about Redis', () => {
  it('want version 6.2, and take Valkey', () => {
    assert.equal(versionFinding(info('redis_version:6.2.0')).level, 'ok')
    assert.equal(versionFinding(info('redis_version:7.0.15')).level, 'ok')
    assert.equal(versionFinding(info('redis_version:6.0.16')).level, 'error')
    const valkey = versionFinding(info('redis_version:7.2.4\nvalkey_version:8.1.1'))
    assert.deepEqual([valkey.level, valkey.message], ['ok', 'Valkey 8.1.1'])
  })

  it('want noeviction, the more so where memory is limited', () => {
    assert.equal(evictionFinding(info('maxmemory_policy:noeviction')).level, 'ok')
    assert.equal(
      evictionFinding(info('maxmemory:0\nmaxmemory_policy:allkeys-lru')).level,
      'warning',
    )
    assert.equal(evictionFinding(info('maxmemory:9\nmaxmemory_policy:allkeys-lru')).level, 'error')
    assert.equal(evictionFinding(info('')).level, 'warning')
  })

  it('want an append-only file that can be written', () => {
    const level = (text: string, save: string | null) => persistenceFinding(info(text), save).level
    assert.equal(level('aof_enabled:1\naof_last_write_status:ok', null), 'ok')
    assert.equal(level('aof_enabled:1\naof_last_write_status:err', null), 'error')
    assert.equal(level('aof_enabled:0', '3600 1'), 'warning')
    assert.equal(level('aof_enabled:0', ''), 'warning')
    assert.equal(level('aof_enabled:0', null), 'warning')
  })

  it('come with a remedy whenever something is wrong', () => {
    for (const finding of [
      versionFinding(info('redis_version:5.0.0')),
      evictionFinding(info('maxmemory_policy:volatile-ttl')),
      persistenceFinding(info('aof_enabled:0'), null),
    ]) {
      assert.ok(finding.remedy)
    }
  })
})
