import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { type StartedProcess, startProcess } from '@backstream/testkit'

/** A process that has installed `phases` and says what happens, line by line. */
async function startWith(phases: string, after = '', copiesWithinMs = 0): Promise<StartedProcess> {
  const program = `
    import { installShutdown } from ${JSON.stringify(import.meta.resolve('./shutdown.ts'))}
    const say = (line) => process.stdout.write(line + '\\n')
    const line = (fields, message) => say('log: ' + message)
    const logger = { debug() {}, info: line, warn: line, error: line, child: () => logger }
    const never = new Promise(() => {})
    const shutdown = installShutdown({ logger, phases: ${phases}, copiesWithinMs: ${copiesWithinMs} })
    setInterval(() => {}, 1000)
    say('ready')
    ${after}`
  const child = startProcess({
    command: process.execPath,
    args: ['--input-type=module', '--eval', program],
  })
  await child.waitForOutput(/ready/)
  return child
}

function linesOf(child: StartedProcess): string[] {
  return child
    .stdout()
    .split('\n')
    .filter((line) => line !== '' && line !== 'ready')
}

test('runs the phases in order on SIGTERM and exits 0', async () => {
  await using child = await startWith(`[
    { name: 'drain', timeoutMs: 10000, run: async () => say('drained') },
    { name: 'close', timeoutMs: 10000, run: () => say('closed') },
  ]`)
  child.signal('SIGTERM')
  equal((await child.exited).code, 0)
  deepEqual(linesOf(child), ['log: shutting down', 'drained', 'closed', 'log: stopped'])
})

test('a phase that fails is logged, the next one still runs, and the exit status is 1', async () => {
  await using child = await startWith(`[
    { name: 'drain', timeoutMs: 10000, run: async () => { throw new Error('no lease') } },
    { name: 'close', timeoutMs: 10000, run: () => say('closed') },
  ]`)
  child.signal('SIGINT')
  equal((await child.exited).code, 1)
  deepEqual(linesOf(child).slice(1, 3), ['log: shutdown: no lease', 'closed'])
})

test('a phase that hangs is left behind after its time, its signal aborted', async () => {
  await using child = await startWith(`[
    { name: 'drain', timeoutMs: 50, run: (signal) => {
        signal.addEventListener('abort', () => say('aborted'))
        return never
      } },
    { name: 'close', timeoutMs: 10000, run: () => say('closed') },
  ]`)
  child.signal('SIGTERM')
  equal((await child.exited).code, 1)
  deepEqual(linesOf(child).slice(1, 4), [
    'aborted',
    'log: shutdown: phase drain was not done after 50 ms',
    'closed',
  ])
})

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const) {
  test(`a second signal, ${signal}, exits at once with ${code}`, async () => {
    await using child = await startWith(`[
      { name: 'drain', timeoutMs: 60000, run: () => { say('draining'); return never } },
    ]`)
    child.signal('SIGTERM')
    await child.waitForOutput(/draining/)
    child.signal(signal)
    equal((await child.exited).code, code)
  })
}

test('copies of one signal are one signal', async () => {
  const phases = `[
    { name: 'drain', timeoutMs: 60000, run: async () => {
        const told = new Promise((resolve) => process.once('SIGUSR2', resolve))
        say('draining')
        await told
        say('drained')
      } },
  ]`
  await using child = await startWith(phases, '', 3_600_000)
  child.signal('SIGINT')
  await child.waitForOutput(/draining/)
  child.signal('SIGINT')
  child.signal('SIGINT')
  child.signal('SIGUSR2')
  equal((await child.exited).code, 0)
  deepEqual(linesOf(child), ['log: shutting down', 'draining', 'drained', 'log: stopped'])
})

test('a shutdown of our own has the exit status it was given, and happens once', async () => {
  await using child = await startWith(
    `[{ name: 'close', timeoutMs: 10000, run: () => say('closed') }]`,
    `void shutdown.shutdown('fatal', 7); void shutdown.shutdown('again', 8)`,
  )
  equal((await child.exited).code, 7)
  equal(child.stdout().match(/closed/g)?.length, 1)
})

test('once disposed of, a signal ends the process as if nothing had been installed', async () => {
  await using child = await startWith('[]', `shutdown[Symbol.dispose](); say('disposed')`)
  await child.waitForOutput(/disposed/)
  child.signal('SIGTERM')
  match(String((await child.exited).signal), /SIGTERM/)
})
