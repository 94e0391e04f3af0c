import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { describeError, type Logger, silentLogger } from '@backstream/kernel'
import { createCommandSource } from './command-source.ts'
import { RunningCommand } from './runners/running-command.ts'
import type { SourceError } from './source-error.ts'
import { commandConfig, readToEnd, sourceOptions } from './source-samples.ts'

const limits = { graceMs: 50, killMs: 50 }

async function failureOf(
  config: ReturnType<typeof commandConfig>,
  secret = '',
): Promise<SourceError> {
  const source = createCommandSource(config, { resolveSecret: () => secret })
  return await readToEnd(source).then(
    () => assert.fail('it was read to its end'),
    (error) => error,
  )
}

describe('a command source that cannot start its command', () => {
  it('names the variable whose secret is no text, and never the secret', async () => {
    const config = commandConfig(['true'], { env: { PGPASSWORD: { file: '/run/secret' } } })
    const error = await failureOf(config, 'hunter2\0')
    assert.equal(error.code, 'command-failed')
    assert.equal(error.permanent, true)
    assert.match(error.message, /PGPASSWORD/)
    assert.doesNotMatch(describeError(error), /hunter2/)
  })

  it('says what is wrong with a directory that is none, and arguments that are too long', async () => {
    const inFile = await failureOf(commandConfig(['true'], { cwd: '/etc/passwd' }))
    assert.deepEqual([inFile.code, inFile.permanent], ['command-missing', true])
    const tooLong = await failureOf(commandConfig(['true', 'x'.repeat(4_000_000)]))
    assert.equal(tooLong.code, 'command-failed')
    assert.match(tooLong.message, /E2BIG/)
  })
})

describe('a command that cannot be ended', () => {
  it('is left behind in the end, and not waited for without end', async (t) => {
    const line = { argv: ['sleep', '60'], env: {}, cwd: null, stderrBytes: 0, limits }
    const command = new RunningCommand(line)
    // As with a command of another user, or one inside a system call that never returns.
    const kill = t.mock.method(process, 'kill', () => {
      throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' })
    })
    assert.equal(await command.stop(), false)
    kill.mock.restore()
    assert.equal(await command.stop(), true)
  })

  it('is warned of', async (t) => {
    const warnings: string[] = []
    const warn: Logger['warn'] = (_fields, message) => void warnings.push(message)
    const controller = new AbortController()
    const source = createCommandSource(
      commandConfig(['sh', '-c', 'head -c 4096 /dev/zero; exec sleep 60']),
      {
        resolveSecret: () => '',
        memberBytes: 1024,
        limits,
      },
    )
    const options = sourceOptions(controller.signal, { ...silentLogger, warn })
    const pids: number[] = []
    const kill = process.kill
    t.mock.method(process, 'kill', (pid: number) => {
      pids.push(pid)
      throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' })
    })
    const reading = async () => {
      for await (const _ of source.read(options).segments) controller.abort(new Error('enough'))
    }
    await assert.rejects(reading(), { message: 'enough' })
    kill(pids[0] as number, 'SIGKILL')
    assert.match(warnings.join(), /left behind/)
  })
})
