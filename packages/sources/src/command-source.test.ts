import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { CommandSourceConfig } from '@backstream/config'
import { silentLogger } from '@backstream/kernel'
import { type CommandSourceDeps, createCommandSource } from './command-source.ts'
import {
  commandConfig,
  endlessScript,
  openDescriptors,
  paths,
  type ReadTree,
  readToEnd,
  sourceOptions,
  temporaryDirectory,
  waitForEnd,
} from './source-samples.ts'

const deps: CommandSourceDeps = {
  environment: { PATH: '/usr/bin:/bin', HOME: '/home/x', SECRET_OF_ANOTHER: 'no', LC_ALL: 'C' },
  resolveSecret: (ref) => ('env' in ref ? `secret-${ref.env}` : ''),
  clock: { now: () => 1_700_000_000_500, monotonicMs: () => 0 },
}

const shell = (script: string): string[] => ['/bin/sh', '-c', script]

async function run(
  argv: readonly string[],
  overrides: Partial<CommandSourceConfig> = {},
  given: Partial<CommandSourceDeps> = {},
): Promise<ReadTree> {
  const source = createCommandSource(commandConfig(argv, overrides), { ...deps, ...given })
  return await readToEnd(source)
}

/** What a tar program gives back for a name. */
function extracted(t: TestContext, { tar }: ReadTree, name: string): Buffer {
  const file = join(temporaryDirectory(t), 'a.tar')
  writeFileSync(file, tar)
  return spawnSync('tar', ['-xOf', file, name], { maxBuffer: 1 << 27 }).stdout
}

describe('a command source', () => {
  it('gives the stream back under its name, and a note beside it', async (t) => {
    const bytes = 20_000_000
    const argv = ['head', '-c', String(bytes), '/dev/urandom']
    const tree = await run(argv, { streamName: 'data.bin' }, { memberBytes: 1 << 20 })
    const stream = extracted(t, tree, 'data.bin')
    const sha256 = createHash('sha256').update(stream).digest('hex')
    const members = Math.ceil(bytes / ((1 << 20) - 512))
    assert.deepEqual(JSON.parse(extracted(t, tree, 'data.bin.backstream.json').toString()), {
      bytes,
      sha256,
      members,
      exitStatus: 0,
    })
    assert.equal(stream.length, bytes)
    assert.equal(paths(tree).filter((path) => path === 'data.bin').length, members)
    assert.equal(tree.reading.summary().entries, members + 1)
    assert.equal(
      tree.reading.summary().bytes,
      tree.entries.reduce((total, { size }) => total + size, 0),
    )
  })

  it('fills members exactly, so that each is a frame of the archive', async () => {
    const full = (1 << 16) - 512
    for (const bytes of [full - 1, full, full + 1, 2 * full]) {
      const { entries } = await run(
        ['head', '-c', String(bytes), '/dev/zero'],
        {},
        {
          memberBytes: 1 << 16,
        },
      )
      const sizes = entries.filter(({ type }) => type === 'stream').map(({ size }) => size)
      assert.equal(sizes.length, Math.ceil(bytes / full))
      assert.ok(sizes.slice(0, -1).every((size) => size === full))
      assert.equal(
        sizes.reduce((total, size) => total + size, 0),
        bytes,
      )
    }
  })

  it('lies at its at, and copes with a name that no tar header holds', async (t) => {
    const at = `dumps/${'n'.repeat(250)}`
    const tree = await run(['echo', 'hello'], { at })
    assert.equal(extracted(t, tree, at).toString(), 'hello\n')
  })

  it('gets the secrets of its own, a few common variables, and nothing else', async (t) => {
    const tree = await run(['env'], { env: { TOKEN: { env: 'A' } } })
    const seen = extracted(t, tree, 'dump').toString().trim().split('\n').sort()
    assert.deepEqual(seen, ['HOME=/home/x', 'LC_ALL=C', 'PATH=/usr/bin:/bin', 'TOKEN=secret-A'])
  })

  it('runs where it is told to, with its arguments as they are', async (t) => {
    const cwd = temporaryDirectory(t)
    const tree = await run(['sh', '-c', 'pwd; echo "$0"', '$HOME; rm *'], { cwd })
    assert.equal(extracted(t, tree, 'dump').toString(), `${cwd}\n$HOME; rm *\n`)
  })
})

describe('what a command says on standard error', () => {
  it('is noted for the run when it ends well, without secrets', async () => {
    const script = 'echo data; echo "used $TOKEN, 1 warning" >&2'
    const config = commandConfig(shell(script), { env: { TOKEN: { env: 'A' } } })
    const notes: string[] = []
    const note = (line: string) => notes.push(line)
    await readToEnd(createCommandSource(config, deps), { ...sourceOptions(), note })
    assert.deepEqual(notes, ['/bin/sh said on standard error: used [redacted], 1 warning'])
  })
})

describe('a command source that fails', () => {
  it('never ends its segments when the exit status is not 0, and says what the command said', async () => {
    const script = 'head -c 300000 /dev/zero; echo "relation \\"x\\" does not exist" >&2; exit 3'
    await assert.rejects(run(shell(script), {}, { memberBytes: 1 << 16 }), {
      code: 'command-failed',
      permanent: false,
      message: /ended with status 3\. It said: relation "x" does not exist/,
    })
  })

  it('is not mistaken when a signal ends it', async () => {
    await assert.rejects(run(shell('echo x; kill -9 $$')), { message: /ended by SIGKILL/ })
  })

  it('shows neither its secrets nor what looks like one', async () => {
    const script = `echo "login $TOKEN failed, postgres://me:hunter2@db/x password=swordfish" >&2; exit 1`
    await assert.rejects(run(shell(script), { env: { TOKEN: { env: 'A' } } }), (error: Error) => {
      assert.doesNotMatch(error.message, /secret-A|hunter2|swordfish/)
      assert.match(error.message, /login \[redacted\] failed, postgres:\/\/me:\[redacted\]@db\/x/)
      return true
    })
  })

  it('shows the end of a long standard error, a secret at the cut included', async () => {
    const script = `i=0; while [ $i -lt 3000 ]; do echo "$TOKEN $i" >&2; i=$((i+1)); done; exit 1`
    const secret = 'k'.repeat(1000)
    await assert.rejects(
      run(shell(script), { env: { TOKEN: { env: 'A' } } }, { resolveSecret: () => secret }),
      (error: Error) => {
        assert.ok(error.message.length < 5000)
        assert.match(error.message, /2999$/)
        assert.doesNotMatch(error.message, /kk/)
        return true
      },
    )
  })

  it('is refused when it gives nothing, unless that is expected', async (t) => {
    await assert.rejects(run(['true']), { code: 'source-empty' })
    const tree = await run(['true'], { expect: { trailer: null, minSizeBytes: 0 } })
    assert.equal(extracted(t, tree, 'dump').length, 0)
    assert.deepEqual(paths(tree), ['dump', 'dump.backstream.json'])
  })

  it('is refused when it gives too little, or not the trailer', async () => {
    const expect = { trailer: 'completed', minSizeBytes: 10 }
    await assert.rejects(run(['echo', 'short'], { expect }), { code: 'too-small' })
    await assert.rejects(run(['echo', 'long enough, cut'], { expect }), { code: 'trailer-missing' })
    const farBefore = shell('echo completed; head -c 9000 /dev/zero')
    await assert.rejects(run(farBefore, { expect }), { code: 'trailer-missing' })
    await run(['echo', 'data… -- dump completed on Monday'], { expect })
  })

  it('is told of before anything runs when it is not there', async (t) => {
    const find = async (overrides: Partial<CommandSourceConfig>): Promise<(string | boolean)[]> => {
      const source = createCommandSource(commandConfig(['none']), deps)
      const other = createCommandSource(commandConfig(['none'], overrides), deps)
      assert.equal((await source.preflight(sourceOptions()))[0]?.code, 'command-missing')
      const problems = await other.preflight(sourceOptions())
      return problems.flatMap(({ code, permanent }) => [code, permanent])
    }
    assert.deepEqual(await find({ argv: ['true'] }), [])
    assert.deepEqual(await find({ argv: ['./none'], cwd: '/bin' }), ['command-missing', true])
    assert.deepEqual(await find({ argv: ['./true'], cwd: '/bin' }), [])
    assert.deepEqual(await find({ argv: ['true'], cwd: '/none' }), ['command-missing', true])
    const plain = join(temporaryDirectory(t), 'plain')
    writeFileSync(plain, '#!/bin/sh\n', { mode: 0o600 })
    assert.deepEqual(await find({ argv: [plain] }), ['command-missing', true])
  })

  it('fails for good when it is gone by the time it is to run', async () => {
    await assert.rejects(run(['no-such-program']), { code: 'command-missing', permanent: true })
  })
})

describe('a command source that is stopped', () => {
  it('rejects with the reason of the signal and ends the command with its children', async (t) => {
    const { script, pids } = endlessScript(t)
    const before = openDescriptors()
    const controller = new AbortController()
    const source = createCommandSource(commandConfig(shell(script)), {
      ...deps,
      memberBytes: 1 << 16,
    })
    const reason = new Error('lease lost')
    await assert.rejects(
      async () => {
        for await (const _ of source.read(sourceOptions(controller.signal)).segments) {
          if (pids().length > 0) controller.abort(reason)
        }
      },
      (error) => error === reason,
    )
    await waitForEnd(pids())
    assert.ok(openDescriptors() <= before)
  })

  it('is ended by force when it does not heed', async (t) => {
    const { script, pids } = endlessScript(t, "trap '' TERM;")
    const source = createCommandSource(commandConfig(shell(script)), {
      ...deps,
      memberBytes: 1 << 16,
    })
    for await (const _ of source.read(sourceOptions()).segments) {
      if (pids().length > 0) break
    }
    await waitForEnd(pids())
  })

  it('is ended while it gives nothing', async () => {
    const controller = new AbortController()
    const source = createCommandSource(commandConfig(['sleep', '1000']), deps)
    const reading = readToEnd(source, { signal: controller.signal, logger: silentLogger })
    setImmediate(() => controller.abort(new Error('timeout')))
    await assert.rejects(reading, { message: 'timeout' })
  })

  it('is ended while something it has started holds its output open', async () => {
    const controller = new AbortController()
    const source = createCommandSource(commandConfig(shell('sleep 1000 & echo $!')), deps)
    const reading = readToEnd(source, { signal: controller.signal, logger: silentLogger })
    setTimeout(() => controller.abort(new Error('timeout')), 200)
    await assert.rejects(reading, { message: 'timeout' })
  })

  it('starts nothing when it was aborted before', async () => {
    const source = createCommandSource(commandConfig(['no-such-program']), deps)
    const reading = readToEnd(source, sourceOptions(AbortSignal.abort(new Error('before'))))
    await assert.rejects(reading, { message: 'before' })
  })
})
