import { equal, match, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { openTestRedis, sendRedis, startPrivateRedis } from '@backstream/testkit'

test('a private Redis keeps an append-only file across being killed', async () => {
  await using redis = await startPrivateRedis({ appendonly: true })
  await sendRedis(redis.url, ['SET', 'kept', 'yes'])
  await redis.kill()
  await rejects(sendRedis(redis.url, ['PING']), /ECONNREFUSED/)
  await redis.restart()
  match(await sendRedis(redis.url, ['GET', 'kept']), /yes/)
})

test('a private Redis without one forgets', async () => {
  await using redis = await startPrivateRedis()
  await sendRedis(redis.url, ['SET', 'kept', 'yes'])
  await redis.restart()
  match(await sendRedis(redis.url, ['EXISTS', 'kept']), /:0\r/)
})

test('two private ones live side by side, and flushing one leaves the other alone', async () => {
  await using one = await startPrivateRedis()
  await using other = await startPrivateRedis()
  await sendRedis(other.url, ['SET', 'key', 'value'])
  await one.flushAll()
  match(await sendRedis(other.url, ['GET', 'key']), /value/)
})

test('refuses to throw keys away when memory is short, as a queue needs it', async () => {
  await using redis = await startPrivateRedis()
  match(await sendRedis(redis.url, ['CONFIG', 'GET', 'maxmemory-policy']), /noeviction/)
})

test('what a test leaves under its prefix is removed, and nothing else', async () => {
  await using server = await startPrivateRedis()
  const before = process.env['TEST_REDIS_URL']
  process.env['TEST_REDIS_URL'] = server.url
  try {
    const redis = await openTestRedis()
    equal(redis.url, server.url)
    await sendRedis(redis.url, ['SET', `${redis.prefix}:key`, '1'], ['SET', 'other', '1'])
    await redis[Symbol.asyncDispose]()
    match(await sendRedis(redis.url, ['KEYS', '*']), /^\*1\r\n\$5\r\nother\r\n/)
  } finally {
    if (before === undefined) delete process.env['TEST_REDIS_URL']
    else process.env['TEST_REDIS_URL'] = before
  }
})
