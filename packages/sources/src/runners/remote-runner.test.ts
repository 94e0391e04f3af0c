import assert from 'node:assert/strict'
import { existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { withoutBusybox } from '../remote-samples.ts'
import { endlessScript, temporaryDirectory, waitForEnd } from '../source-samples.ts'
import type { Channel } from './channel.ts'
import { createRemoteRunner } from './remote-runner.ts'
import { type CommandRequest, privateFile, type Runner } from './runner.ts'

/** The far end is this machine; `wrap` is what stands between. */
function runnerBy(wrap: (argv: readonly string[]) => readonly string[] = (argv) => argv): Runner {
  const channel: Channel = {
    place: 'over there',
    client: 'the client',
    open: () => Promise.resolve({ place: 'over there', commandLine: wrap }),
    explain: () => null,
  }
  const limits = { graceMs: 1_000, killMs: 5_000 }
  const clientEnvironment = { PATH: '/usr/local/bin:/usr/bin:/bin' }
  return createRemoteRunner(channel, { clientEnvironment, limits, beginMs: 5_000 })
}

/** What becomes of the command's output on its way. */
const through = (filter: string) => (argv: readonly string[]) => [
  'bash',
  '--norc',
  '-c',
  `exec "$@" > >(${filter})`,
  'bash',
  ...argv,
]

const sh = (script: string): string[] => ['sh', '-c', script]

async function run(runner: Runner, request: Partial<CommandRequest>) {
  const command = runner.start({ argv: [], env: {}, stderrBytes: 1000, ...request })
  try {
    const chunks: Buffer[] = []
    for await (const chunk of command.stdout) chunks.push(chunk)
    const { status } = await command.exit()
    const stderr = command.stderrTail.toString()
    return { status, stdout: Buffer.concat(chunks), stderr }
  } finally {
    assert.equal(await command.stop(), true)
  }
}

async function* chunks(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text)
}

for (const shell of ['dash', 'bash', 'busybox sh']) {
  const program = shell.split(' ')
  const runner = runnerBy(([, ...rest]) => [...program, ...rest])

  describe(
    `a command run by ${shell} elsewhere`,
    shell.startsWith('busybox') ? withoutBusybox : {},
    () => {
      it('gives its bytes, its status and what it said', async () => {
        const script = 'head -c 1000000 /dev/urandom | tee /dev/fd/2 | cat; exit 3'
        const { status, stdout, stderr } = await run(runner, {
          argv: sh(script),
          stderrBytes: 2_000_000,
        })
        assert.equal(status, 3)
        assert.equal(stdout.length, 1_000_000)
        assert.ok(stdout.equals(Buffer.from(stderr, 'latin1')) || stderr.length > 0)
      })

      it('gets secrets, directory and arguments as they are, whatever is in them', async () => {
        const odd = `it's "odd" $HOME \\n \`id\`\nsecond line`
        const { stdout } = await run(runner, {
          argv: sh(`printf '%s|%s|' "$ODD" "$1"; pwd; cat ${privateFile}`).concat('sh', odd),
          env: { ODD: odd },
          cwd: '/usr',
          privateText: `password=${odd}\n`,
        })
        assert.equal(stdout.toString(), `${odd}|${odd}|/usr\npassword=${odd}\n`)
      })

      it('reads its input to the end, or none', async () => {
        const { stdout } = await run(runner, {
          argv: ['wc', '-c'],
          stdin: chunks('x'.repeat(700_000), '', 'yz'),
        })
        assert.equal(Number(stdout), 700_002)
        assert.equal(Number((await run(runner, { argv: ['wc', '-c'] })).stdout), 0)
      })

      it('may end before it has read its input', async () => {
        async function* endless(): AsyncGenerator<Buffer> {
          for (;;) yield Buffer.alloc(65_536)
        }
        const argv = sh('head -c 10 > /dev/null; exit 7')
        assert.equal((await run(runner, { argv, stdin: endless() })).status, 7)
      })

      it('is killed, and never sees the end of an input that fails', async (t) => {
        const file = join(temporaryDirectory(t), 'seen')
        async function* cut(): AsyncGenerator<Buffer> {
          yield* chunks('half')
          throw new Error('the archive is damaged')
        }
        const argv = sh(`cat > /dev/null; touch ${file}`)
        await assert.rejects(run(runner, { argv, stdin: cut() }), /the archive is damaged/)
        assert.equal(existsSync(file), false)
      })

      it('is ended with what it has started when it is stopped', async (t) => {
        const { script, pids } = endlessScript(t)
        const command = runner.start({ argv: sh(script), env: {}, stderrBytes: 0 })
        for await (const _ of command.stdout) if (pids().length > 0) break
        assert.equal(await command.stop(), true)
        await waitForEnd(pids())
      })

      it('is ended though it does not heed, and though the client was killed', async (t) => {
        const { script, pids } = endlessScript(t, "trap '' TERM;")
        // A client between: what dies with the worker, and takes only the connection with it.
        const inBetween = runnerBy(([, ...rest]) => ['setsid', '--wait', ...program, ...rest])
        const command = inBetween.start({ argv: sh(script), env: {}, stderrBytes: 0 })
        for await (const _ of command.stdout) if (pids().length > 0) break
        await command.stop()
        await waitForEnd(pids())
      })
    },
  )
}

describe('a channel that fails', () => {
  const data = sh('head -c 300000 /dev/zero')

  it('is never taken for the end of the command, whatever the status of the client', async () => {
    for (const filter of ['head -c 100000', 'head -c 300060']) {
      await assert.rejects(run(runnerBy(through(filter)), { argv: data }), {
        code: 'cut-short',
        permanent: false,
        message: /broke off after \d+ bytes: the client .*, and how the command ended was not told/,
      })
    }
  })

  it('is found out when it loses or changes bytes in the middle', async () => {
    await assert.rejects(
      run(runnerBy(through('head -c 5000; head -c 100 >/dev/null; cat')), { argv: data }),
      { code: 'cut-short', message: /sh gave 300000 bytes over there, but 299900 came here/ },
    )
    const argv = sh('printf "a\\nb\\n"')
    await assert.rejects(run(runnerBy(through(`sed -u 's/b$/b\\r/'`)), { argv }), {
      message: /gave 4 bytes over there, but 5 came/,
    })
  })

  it('says what the client said where nothing has begun, without secrets', async () => {
    const refusing = runnerBy(() => sh('echo "no route to $1: hunter22" >&2; exit 255').concat('x'))
    await assert.rejects(run(refusing, { argv: ['pg_dump'], env: { PW: 'hunter22' } }), {
      code: 'place-unreachable',
      message:
        /pg_dump could not be started over there: the client ended with status 255. It said: no route to : \[redacted\]/,
    })
  })

  it('is told of when its client is missing, and when it hangs', async () => {
    await assert.rejects(
      run(
        runnerBy(() => ['no-such-client']),
        { argv: data },
      ),
      {
        code: 'command-missing',
        permanent: true,
      },
    )
    const channel: Channel = {
      place: 'over there',
      client: 'sleep',
      open: () => Promise.resolve({ place: 'over there', commandLine: () => ['sleep', '100'] }),
      explain: () => null,
    }
    const limits = { graceMs: 50, killMs: 5_000 }
    const runner = createRemoteRunner(channel, { clientEnvironment: {}, limits, beginMs: 50 })
    await assert.rejects(run(runner, { argv: data }), {
      code: 'place-unreachable',
      message: /sleep has not reached a shell over there within 0.05 s/,
    })
  })

  it('may greet before the command begins', async () => {
    const greeting = runnerBy((argv) => ['sh', '-c', 'echo Welcome; exec "$@"', 'sh', ...argv])
    assert.equal((await run(greeting, { argv: ['echo', 'data'] })).stdout.toString(), 'data\n')
  })

  it('is found out by tee and wc where dd does not count', withoutBusybox, async (t) => {
    const tools = temporaryDirectory(t)
    for (const tool of ['sh', 'dd', 'tee', 'wc', 'cat', 'head', 'sleep']) {
      symlinkSync('/usr/bin/busybox', join(tools, tool))
    }
    const runner = runnerBy((argv) => ['env', `PATH=${tools}`, ...argv])
    const { stdout, status } = await run(runner, { argv: data })
    assert.deepEqual([stdout.length, status], [300_000, 0])
  })
})

describe('a program elsewhere', () => {
  const options = { cwd: null, signal: new AbortController().signal }

  it('is found by its name, or not', async () => {
    assert.match((await runnerBy().findProgram('cat', options)) ?? '', /\/cat$/)
    assert.equal(await runnerBy().findProgram('no-such-program', options), null)
  })
})
