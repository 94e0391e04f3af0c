import { equal, match, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { isProcessAlive } from './is-process-alive.ts'
import { startProcess } from './start-process.ts'
import { waitFor } from './wait-for.ts'

test('collects the output and gives the exit status', async () => {
  await using child = startProcess({
    command: 'sh',
    args: ['-c', 'echo out; echo err >&2; exit 3'],
  })
  equal((await child.exited).code, 3)
  equal(child.stdout(), 'out\n')
  equal(child.stderr(), 'err\n')
})

test('passes arguments as they are', async () => {
  await using child = startProcess({ command: 'printf', args: ['%s|', '$HOME', 'a b', ''] })
  await child.exited
  equal(child.stdout(), '$HOME|a b||')
})

test('a program that is not there ends with 127', async () => {
  await using child = startProcess({ command: 'backstream-no-such-program' })
  equal((await child.exited).code, 127)
})

test('kills one that ignores SIGTERM', async () => {
  const child = startProcess({
    command: 'sh',
    args: ['-c', 'trap "" TERM; echo up; while :; do sleep 1; done'],
  })
  await child.waitForOutput(/up/)
  equal((await child.stop(50)).signal, 'SIGKILL')
  equal(child.isRunning(), false)
})

test('stops one that was suspended', async () => {
  const child = startProcess({ command: 'sleep', args: ['600'] })
  child.signal('SIGSTOP')
  equal((await child.stop()).signal, 'SIGTERM')
})

test('waiting for output that never comes says what the program wrote before it ended', async () => {
  await using child = startProcess({ command: 'sh', args: ['-c', 'echo no port >&2; exit 1'] })
  await rejects(child.waitForOutput(/ready/), /ended without \/ready\/:\nno port/)
})

test('a program does not outlive the one who started it, even if that one is killed', async () => {
  const program = `
    import { startProcess } from ${JSON.stringify(import.meta.resolve('./start-process.ts'))}
    console.log('started ' + startProcess({ command: 'sleep', args: ['600'] }).pid)
    setInterval(() => {}, 1000)`
  await using parent = startProcess({
    command: process.execPath,
    args: ['--input-type=module', '--eval', program],
  })
  const [, pid] = await parent.waitForOutput(/started (\d+)/)
  ok(isProcessAlive(Number(pid)))
  parent.signal('SIGKILL')
  match(String((await parent.exited).signal), /SIGKILL/)
  await waitFor(() => !isProcessAlive(Number(pid)), { what: 'the orphan to be ended' })
})

test('nothing stays behind when the program has ended', async () => {
  const child = startProcess({ command: 'sleep', args: ['600'] })
  await child.stop()
  // It leads a process group of its own, in which its watcher is the only other one.
  await waitFor(() => !isGroupAlive(child.pid), { what: 'the watcher to leave' })
})

function isGroupAlive(leader: number): boolean {
  try {
    return process.kill(-leader, 0)
  } catch {
    // No such process.
    return false
  }
}
