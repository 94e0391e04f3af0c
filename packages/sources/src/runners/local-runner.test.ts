import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createLocalRunner } from './local-runner.ts'
import { type CommandRequest, privateFile } from './runner.ts'

const runner = createLocalRunner({ environment: { PATH: '/usr/bin:/bin', TOKEN: 'of another' } })

async function run(request: Omit<CommandRequest, 'stderrBytes'>) {
  const command = runner.start({ stderrBytes: 1000, ...request })
  try {
    const chunks: Buffer[] = []
    for await (const chunk of command.stdout) chunks.push(chunk)
    return { exit: await command.exit(), stdout: Buffer.concat(chunks).toString() }
  } finally {
    await command.stop()
  }
}

const sh = (script: string): string[] => ['/bin/sh', '-c', script]

async function* chunks(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text)
}

describe('a command on this machine', () => {
  it('gets a secret as a file without a name, and no variable of others', async () => {
    const script = `cat ${privateFile}; env | grep -c TOKEN`
    const { stdout } = await run({ argv: sh(script), env: {}, privateText: 'password=s3cret\n' })
    // It sees nothing of the secrets of others: grep -c prints how many lines it found.
    assert.equal(stdout, 'password=s3cret\n0\n')
  })

  it('is fed under back-pressure, to the end', async () => {
    let isDone = false
    async function* much(): AsyncGenerator<Buffer> {
      for (let count = 0; count < 300; count++) yield Buffer.alloc(65_536, 'x')
      isDone = true
    }
    const { stdout, exit } = await run({ argv: ['wc', '-c'], env: {}, stdin: much() })
    assert.equal(Number(stdout), 300 * 65_536)
    assert.deepEqual(exit, { status: 0, signal: null })
    assert.ok(isDone)
  })

  it('may end before it has read its input: its status tells', async () => {
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) yield Buffer.alloc(65_536)
    }
    const { exit } = await run({
      argv: sh('head -c 10 > /dev/null; exit 7'),
      env: {},
      stdin: endless(),
    })
    assert.equal(exit.status, 7)
  })

  it('is killed, and never sees the end of an input that fails', async () => {
    async function* cut(): AsyncGenerator<Buffer> {
      yield* chunks('half')
      await delay(20)
      throw new Error('the connection dropped')
    }
    const argv = sh('cat > /dev/null; echo "saw the end"')
    const command = runner.start({ argv, env: {}, stdin: cut(), stderrBytes: 0 })
    try {
      const seen: Buffer[] = []
      for await (const chunk of command.stdout) seen.push(chunk)
      assert.equal(Buffer.concat(seen).toString(), '')
      await assert.rejects(command.exit(), /the connection dropped/)
    } finally {
      assert.equal(await command.stop(), true)
    }
  })
})
