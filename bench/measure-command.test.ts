import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { temporaryDirectory, waitFor } from '@backstream/testkit'
import { measureCommand } from './measure-command.ts'

const env = { PATH: process.env['PATH'] }
const never = new AbortController().signal
const node = (code: string) => [process.execPath, '-e', code]

test('memory and CPU time of everything a command starts are counted', async () => {
  const hold = 'const held = Buffer.alloc(150 << 20, 1); const end = performance.now() + 500;'
  const work = `${hold} while (performance.now() < end) held.length`
  const both = { script: '"$@" & "$@"; wait', args: node(work), env }
  const { cpuSeconds, peakRssBytes, wallSeconds } = await measureCommand(both, never)
  assert.ok(peakRssBytes > 300 << 20, `${peakRssBytes} bytes are more than one process holds`)
  assert.ok(cpuSeconds > 0.2, `${cpuSeconds} CPU seconds`)
  assert.ok(wallSeconds > 0.5, `${wallSeconds} s`)
})

test('a command that fails is told with what it said', async () => {
  const failing = { script: 'echo out of paper >&2; exit 3', args: [], env }
  await assert.rejects(measureCommand(failing, never), /ended with 3:\nout of paper/)
})

test('an abort ends the whole command', { timeout: 60_000 }, async () => {
  await using folder = await temporaryDirectory()
  const begun = `${folder.path}/begun`
  const controller = new AbortController()
  const command = { script: 'echo $$ >"$1"; sleep 600 | cat', args: [begun], env }
  const measuring = measureCommand(command, controller.signal)
  await waitFor(() => existsSync(begun), { what: 'the command to begin' })
  controller.abort(new Error('enough'))
  await assert.rejects(measuring, /enough/)
})
