import { startPrivateRedis } from './private-redis.ts'
import { sendRedis } from './redis-wire.ts'
import { uniqueName } from './unique-name.ts'

export interface TestRedis extends AsyncDisposable {
  readonly url: string
  /** For every key of one test file: nobody else uses it, and what is under it is removed at the end. */
  readonly prefix: string
}

/** The Redis of TEST_REDIS_URL, or a private one when that is not set. */
export async function openTestRedis(): Promise<TestRedis> {
  const prefix = uniqueName('test')
  const url = process.env['TEST_REDIS_URL']
  if (url) return { url, prefix, [Symbol.asyncDispose]: () => removeKeys(url, prefix) }
  const server = await startPrivateRedis()
  return { url: server.url, prefix, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

async function removeKeys(url: string, prefix: string): Promise<void> {
  const script = `
    local cursor = '0'
    repeat
      local page = redis.call('SCAN', cursor, 'MATCH', ARGV[1], 'COUNT', 1000)
      cursor = page[1]
      for _, key in ipairs(page[2]) do redis.call('UNLINK', key) end
    until cursor == '0'`
  await sendRedis(url, ['EVAL', script, '0', `${prefix}*`])
}
