import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLogger, systemClock } from '@backstream/kernel'
import { waitFor } from '@backstream/testkit'
import { type ChildSpec, supervise } from './supervisor.ts'

function script(name: string, code: string): ChildSpec {
  return { name, command: process.execPath, args: ['-e', code], env: {} }
}

const stays =
  "process.once('SIGTERM', () => process.exit(0)); console.log('up'); setInterval(() => {}, 1000)"

function start(specs: readonly ChildSpec[]) {
  const stop = new AbortController()
  const lines: string[] = []
  const ended = supervise(specs, {
    signal: stop.signal,
    logger: silentLogger,
    clock: systemClock,
    onLine: (name, line) => void lines.push(`${name}: ${line}`),
    pauseMs: 1,
    pauseMaxMs: 5,
  })
  return { stop, lines, ended }
}

describe('supervise', () => {
  it('passes lines on and ends every child when it is told to', async () => {
    const { stop, lines, ended } = start([script('a', stays), script('b', stays)])
    await waitFor(() => lines.length === 2, { what: 'both children' })
    stop.abort()
    deepEqual(await ended, { status: 0, gaveUp: null })
    deepEqual(lines.sort(), ['a: up', 'b: up'])
  })

  it('starts a child again that ended', async () => {
    const dies = "console.log('once'); process.exit(1)"
    const { stop, lines, ended } = start([script('a', dies), script('b', stays)])
    await waitFor(() => lines.filter((line) => line === 'a: once').length >= 2, {
      what: 'a restart',
    })
    stop.abort()
    await ended
  })

  it('ends all when one keeps ending', async () => {
    const { lines, ended } = start([script('a', 'process.exit(1)'), script('b', stays)])
    deepEqual(await ended, { status: 1, gaveUp: 'a' })
    ok(lines.length <= 1)
  })

  it('does not start a child again that refused its configuration', async () => {
    const { lines, ended } = start([script('a', "console.log('no'); process.exit(2)")])
    deepEqual(await ended, { status: 2, gaveUp: 'a' })
    deepEqual(lines, ['a: no'])
  })

  it('gives children no part in the terminal, and a channel that tells of its own end', async () => {
    const facts =
      'console.log(process.env.BACKSTREAM_SUPERVISED, process.stdin.isTTY, typeof process.channel)'
    const { stop, lines, ended } = start([script('a', `${facts}; ${stays}`)])
    await waitFor(() => lines.length >= 2, { what: 'the child' })
    stop.abort()
    await ended
    equal(lines[0], 'a: 1 undefined object')
  })
})
