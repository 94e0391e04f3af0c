import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { startProcess } from '@backstream/testkit'
import { watchEventLoop } from './event-loop.ts'
import { probeHealth, startHealthEndpoint } from './health.ts'

// Other tests may run processes of these roles on the same machine: each looks at its own pid only.
async function probe(pid: number, timeoutMs = 10_000) {
  const report = await probeHealth('worker', { timeoutMs })
  return { report, own: report.processes.find((process) => process.pid === pid) }
}

test('a process that answers is alive, and says how late its event loop is', async () => {
  using eventLoop = watchEventLoop()
  await using _endpoint = await startHealthEndpoint({ role: 'worker', eventLoop })
  const { own } = await probe(process.pid)
  equal(own?.alive, true)
  match(own?.detail ?? '', /event loop alive, lag p99 \d+\.\d ms/)
})

test('a process that has closed its endpoint is not found', async () => {
  const endpoint = await startHealthEndpoint({ role: 'worker' })
  await endpoint[Symbol.asyncDispose]()
  equal((await probe(process.pid)).own, undefined)
})

test('a role that nobody plays is not alive', async () => {
  const nobody = 'nobody' as 'worker'
  deepEqual(await probeHealth(nobody), { alive: false, processes: [] })
})

test('one process whose event loop stands still makes the role not alive, others or not', async () => {
  await using _endpoint = await startHealthEndpoint({ role: 'worker' })
  await using child = startEndpoint()
  await child.waitForOutput(/listening/)
  equal((await probe(child.pid)).report.processes.length >= 2, true)
  child.signal('SIGSTOP')
  const { report, own } = await probe(child.pid, 300)
  equal(own?.alive, false)
  match(own?.detail ?? '', /did not answer within 300 ms/)
  equal(report.alive, false)
  equal(report.processes.find(({ pid }) => pid === process.pid)?.alive, true)
})

test('a process that was killed leaves nothing behind', async () => {
  await using child = startEndpoint()
  await child.waitForOutput(/listening/)
  ok((await probe(child.pid)).own?.alive)
  child.signal('SIGKILL')
  await child.exited
  equal((await probe(child.pid)).own, undefined)
})

function startEndpoint() {
  const program = `
    import { startHealthEndpoint } from ${JSON.stringify(import.meta.resolve('./health.ts'))}
    await startHealthEndpoint({ role: 'worker' })
    console.log('listening')
    setInterval(() => {}, 1000)`
  return startProcess({
    command: process.execPath,
    args: ['--input-type=module', '--eval', program],
  })
}
