import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ann, ask, startSampleBoard, users } from './sample-board.ts'

describe('serveBoard', () => {
  it('refuses to be open to a network without users', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'nas.local']) {
      await rejects(startSampleBoard({ host }), { code: 'usage', remedy: /board\.users/ })
    }
  })

  it('listens on all addresses once there are users', async () => {
    await using board = await startSampleBoard({ host: '0.0.0.0', users })
    const port = new URL(board.url).port
    equal((await ask(`http://127.0.0.1:${port}/`)).status, 401)
    equal((await ask(`http://127.0.0.1:${port}/`, { headers: { authorization: ann } })).status, 200)
  })

  it('says that its port is taken', async () => {
    await using first = await startSampleBoard()
    await rejects(startSampleBoard({ port: Number(new URL(first.url).port) }), {
      code: 'listen',
      remedy: /BACKSTREAM_BOARD_LISTEN/,
    })
  })

  it('answers health to anybody, by any name, and tells nothing else', async () => {
    await using board = await startSampleBoard({ users })
    for (const path of ['/healthz', '/readyz']) {
      const answer = await ask(board.url + path, { headers: { host: 'evil.example' } })
      deepEqual([answer.status, answer.body], [200, 'ok\n'])
    }
  })

  it('is alive and not ready while Redis is away', async () => {
    const pingRedis = () => Promise.reject(new Error('redis://:secret@host'))
    await using board = await startSampleBoard({}, { pingRedis })
    equal((await ask(`${board.url}/healthz`)).status, 200)
    const ready = await ask(`${board.url}/readyz`)
    deepEqual([ready.status, ready.body], [503, 'Redis cannot be reached\n'])
  })

  it('is ready however stale the backups are', async () => {
    const openStorage = () => Promise.reject(new Error('no bucket'))
    await using board = await startSampleBoard({}, { openStorage })
    equal((await ask(`${board.url}/readyz`)).status, 200)
    match((await ask(`${board.url}/`)).body, /1 of 1 plan needs you\. Worst: media, unknown\./)
  })

  it('lies under its base path, and answers health at the root too', async () => {
    await using board = await startSampleBoard({ basePath: '/backups/' })
    match(board.url, /\d\/backups$/)
    equal((await ask(`${board.url}/`)).status, 200)
    match((await ask(`${board.url}/queues/`)).body, /<base href="\/backups\/queues\/"/)
    const { origin } = new URL(board.url)
    equal((await ask(`${origin}/healthz`)).status, 200)
    equal((await ask(`${origin}/backups/healthz`)).status, 200)
    equal((await ask(`${origin}/metrics`)).status, 404)
  })
})
