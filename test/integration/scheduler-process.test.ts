import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { listSchedules } from '@backstream/queue'
import { freePort, openTestRedis, startProcess, temporaryDirectory } from '@backstream/testkit'
import { openQueue } from './queue-fixture.ts'

describe('the scheduler as a process', () => {
  it('schedules, reads again on SIGHUP, keeps what it has when that is bad, and stops on SIGTERM', async () => {
    await using redis = await openTestRedis()
    await using directory = await temporaryDirectory('scheduler')
    const file = join(directory.path, 'backstream.yaml')
    const name = redis.prefix
    const write = (...plans: string[]) => writeFile(file, configText(name, redis.url, plans))
    await write('media')
    await using scheduler = startProcess({
      command: process.execPath,
      args: [new URL('../../apps/scheduler/src/main.ts', import.meta.url).pathname],
      env: { PATH: process.env['PATH'], BACKSTREAM_CONFIG: file, BACKSTREAM_LOG_FORMAT: 'json' },
    })
    await scheduler.waitForOutput(/scheduler is running/)
    await using connection = await openQueue(redis.url, name)
    const plans = async () => (await listSchedules(connection)).map(({ plan }) => plan).sort()
    assert.deepEqual(await plans(), ['media'])

    await write('media', 'shop')
    scheduler.signal('SIGHUP')
    await scheduler.waitForOutput(/schedule of shop added/)
    assert.deepEqual(await plans(), ['media', 'shop'])

    await writeFile(file, 'version: 1\nplans: {}\nplanz: {}\n')
    scheduler.signal('SIGHUP')
    await scheduler.waitForOutput(/old configuration stays[^\n]*planz/)
    assert.deepEqual(await plans(), ['media', 'shop'])

    const { code } = await scheduler.stop()
    assert.equal(code, 0, scheduler.stderr())
    assert.deepEqual(await plans(), ['media', 'shop'], 'the schedules outlive it')
  })

  it('ends with status 2 when the configuration is bad, and 1 when there is no Redis', async () => {
    await using directory = await temporaryDirectory('scheduler')
    const file = join(directory.path, 'backstream.yaml')
    const start = () =>
      startProcess({
        command: process.execPath,
        args: [new URL('../../apps/scheduler/src/main.ts', import.meta.url).pathname],
        env: { PATH: process.env['PATH'], BACKSTREAM_CONFIG: file, BACKSTREAM_LOG_FORMAT: 'json' },
      })
    await writeFile(file, 'version: 1\nplanz: {}\n')
    assert.equal((await start().exited).code, 2)
    const port = await freePort()
    await writeFile(file, configText('test', `redis://127.0.0.1:${port}`, ['media']))
    const unreachable = start()
    assert.equal((await unreachable.exited).code, 1)
    assert.match(unreachable.stderr(), new RegExp(`127.0.0.1:${port}`))
  })
})

function configText(name: string, redisUrl: string, plans: readonly string[]): string {
  return `version: 1
name: ${name}
redis: "${redisUrl}"
storages:
  main: { kind: s3, bucket: backups, endpoint: "http://127.0.0.1:1" }
defaults:
  storage: main
  schedule: { every: 1h }
plans:
${plans.map((plan) => `  ${plan}: { source: { kind: directory, path: /tmp } }`).join('\n')}
`
}
