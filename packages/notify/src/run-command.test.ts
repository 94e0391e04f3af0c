import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { isProcessAlive, temporaryDirectory, waitFor } from '@backstream/testkit'
import { sampleDeps, sampleDocument } from './notify-samples.ts'
import { runCommand } from './run-command.ts'
import { sendNotification } from './send-notification.ts'

const canary = 'c4n4ry-never-shown'
const PATH = '/usr/bin:/bin'

function command(script: string, ...args: string[]) {
  const argv = ['/bin/sh', '-c', script, 'tell', ...args]
  const env = { TOKEN: { value: canary } }
  return { name: 'page', notifier: { kind: 'command', argv, env, on: ['failed'] } } as const
}

test('a command gets the document on its input, and its secrets where nobody else sees them', async () => {
  await using folder = await temporaryDirectory('notify')
  const to = command(
    'cat > "$1/document"; env > "$1/env"; tr "\\0" " " < /proc/$$/cmdline > "$1/argv"',
    folder.path,
  )
  const deps = sampleDeps({ PATH, S3_SECRET: 'of another plan' })
  await sendNotification(to, sampleDocument(), deps)
  const read = (name: string) => readFile(join(folder.path, name), 'utf8')
  deepEqual(JSON.parse(await read('document')), sampleDocument())
  match(await read('env'), new RegExp(`TOKEN=${canary}`))
  equal((await read('env')).includes('S3_SECRET'), false)
  equal((await read('argv')).includes(canary), false)
  equal((await read('document')).includes(canary), false)
})

test('a command that does not end well has not told anybody, and what it said is not repeated', async () => {
  const sent = sendNotification(
    command('echo "$TOKEN" >&2; exit 3'),
    sampleDocument(),
    sampleDeps({ PATH }),
  )
  await rejects(sent, (error: Error & { permanent?: boolean }) => {
    equal(error.message, 'the command page ended with status 3')
    equal(error.permanent, false)
    return true
  })
})

test('a program that is not there is named as such, for good', async () => {
  const notifier = { kind: 'command', argv: ['/no/such/program'], env: {}, on: [] } as const
  await rejects(sendNotification({ name: 'page', notifier }, sampleDocument(), sampleDeps()), {
    message: 'the command page cannot be started (ENOENT)',
    permanent: true,
  })
})

test('a command that does not read its input may still end well', async () => {
  const text = 'x'.repeat(1_000_000)
  const env = { PATH }
  const { signal } = new AbortController()
  await runCommand({ who: 'it', argv: ['/bin/sh', '-c', 'exit 0'], env, input: text, signal })
})

test('a command that does not end is ended, with what it has started', async () => {
  await using folder = await temporaryDirectory('notify')
  const pid = join(folder.path, 'pid')
  // Moved, so that the file is never there without its content.
  const script = 'sleep 600 & echo $! > "$1.tmp"; mv "$1.tmp" "$1"; wait'
  const argv = ['/bin/sh', '-c', script, 'tell', pid]
  const env = { PATH }
  const stop = new AbortController()
  const running = runCommand({ who: 'it', argv, env, input: '', signal: stop.signal })
  const child = await waitFor(async () => existsSync(pid) && Number(await readFile(pid, 'utf8')), {
    what: 'the child of the command',
  })
  ok(isProcessAlive(child))
  stop.abort(new Error('enough'))
  await rejects(running, /enough/)
  await waitFor(() => !isProcessAlive(child), { what: 'the end of the child' })
})
