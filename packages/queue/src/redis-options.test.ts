import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { addressOf, redisOptions } from './redis-options.ts'

describe('the address of Redis', () => {
  it('is read from a URL', () => {
    assert.deepEqual(redisOptions({ url: 'redis://me:p%40ss@db.example:7000/3' }), {
      host: 'db.example',
      port: 7000,
      username: 'me',
      password: 'p@ss',
      db: 3,
    })
    assert.deepEqual(redisOptions({ url: 'redis://[::1]' }), { host: '::1', port: 6379 })
    assert.deepEqual(redisOptions({ url: 'unix:///run/redis.sock' }), { path: '/run/redis.sock' })
  })

  it('is encrypted when the URL or the setting says so', () => {
    assert.deepEqual(redisOptions({ url: 'rediss://db' }).tls, {})
    assert.deepEqual(redisOptions({ url: 'redis://db', tls: true }).tls, {})
    assert.deepEqual(redisOptions({ url: 'redis://db', tls: { ca: 'PEM' } }).tls, { ca: 'PEM' })
    assert.equal(redisOptions({ url: 'redis://db' }).tls, undefined)
  })

  it('prefers what stands outside of the URL', () => {
    const { username, password } = redisOptions({
      url: 'redis://a:b@db',
      username: 'c',
      password: 'd',
    })
    assert.deepEqual([username, password], ['c', 'd'])
  })

  it('goes by way of sentinels', () => {
    const sentinels = { name: 'main', nodes: [{ host: 's1', port: 26379 }] }
    const redis = { url: 'redis://:secret@ignored', sentinels }
    const options = redisOptions(redis)
    assert.deepEqual([options.name, options.sentinels], ['main', sentinels.nodes])
    assert.equal(options.host, undefined)
    assert.equal(options.password, 'secret')
    assert.equal(addressOf(redis), 'main by way of s1:26379')
  })

  it('never shows a password', () => {
    assert.equal(addressOf({ url: 'redis://me:secret@db:7000' }), 'db:7000')
    for (const url of ['secret', 'http://me:secret@db']) {
      assert.throws(
        () => addressOf({ url }),
        (error: Error) => {
          assert.doesNotMatch(error.message, /secret/)
          return true
        },
      )
    }
  })
})
