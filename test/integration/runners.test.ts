import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { leakGuard, waitFor } from '@backstream/testkit'
import type { StandIns } from '../stand-ins/install.ts'
import {
  container,
  type Elsewhere,
  inContainer,
  inPod,
  inService,
  onHost,
  openElsewhere,
  pod,
  problemsOf,
  read,
  workloads,
} from './runners-fixture.ts'

let elsewhere: Elsewhere
let standIns: StandIns
before(async () => {
  elsewhere = await openElsewhere()
  standIns = elsewhere.standIns
})
after(() => elsewhere[Symbol.asyncDispose]())
leakGuard()

const sourceOf: Elsewhere['commandVia'] = (via, options) => elsewhere.commandVia(via, options)

const ways = { kubernetes: inPod(), docker: inContainer, compose: inService, ssh: onHost }

for (const [name, via] of Object.entries(ways)) {
  describe(`a command via ${name}`, () => {
    before(async () => {
      await standIns.setCluster({ workloads, pods: [pod] })
      await standIns.setContainers([container])
    })

    it('gives its output, with a secret that is in no argument', async () => {
      const argv = [
        'sh',
        '-c',
        'echo "$TOKEN"; tr "\\0" " " </proc/$$/cmdline; ps -eo args | grep -c "hunter2[2]" || :',
      ]
      const bytes = await read(sourceOf(via, { argv, env: { TOKEN: { value: 'hunter22' } } }))
      match(bytes.toString('latin1'), /hunter22\nsh -c [^\n]* 0\n/)
      deepEqual(await problemsOf(sourceOf(via, { argv })), [])
    })

    it('says by its place that a program is not there, and how one failed', async () => {
      const [missing] = await problemsOf(sourceOf(via, { argv: ['no-such-dump'] }))
      match(missing?.message ?? '', /no-such-dump is not (?:in|on) .*, or may not be run/)
      const failing = sourceOf(via, {
        argv: ['sh', '-c', 'echo half; echo "disk full" >&2; exit 4'],
      })
      await rejects(read(failing), {
        code: 'command-failed',
        message: /ended with status 4.*disk full/s,
      })
    })

    it('is ended there when it is cancelled here', async () => {
      const file = join(elsewhere.folder, `pid-${name}`)
      const script = `sleep 1000 & echo $$ $! > ${file}.tmp; mv ${file}.tmp ${file}; while :; do head -c 65536 /dev/zero; sleep 0.02; done`
      const controller = new AbortController()
      const reading = read(sourceOf(via, { argv: ['sh', '-c', script] }), controller.signal)
      reading.catch(() => {}) // awaited below
      await waitFor(() => existsSync(file), { what: 'the command to begin' })
      controller.abort(new Error('cancelled'))
      await rejects(reading, { message: 'cancelled' })
      const pids = (await readFile(file, 'utf8')).trim().split(' ')
      await waitFor(() => pids.every((pid) => !isAlive(pid)), {
        what: 'the processes there to end',
      })
    })
  })
}

describe('a session that fails', () => {
  const argv = ['sh', '-c', 'head -c 3000000 /dev/zero']

  it('with status 0 is not taken for the end of the command', async () => {
    for (const afterBytes of [0, 100, 1_000_000, 3_000_030]) {
      const fault = { kind: 'drop', afterBytes } as const
      await standIns.setCluster({ workloads, pods: [{ ...pod, fault }] })
      await standIns.setContainers([{ ...container, fault }])
      for (const via of [inPod(), inContainer]) {
        await rejects(read(sourceOf(via, { argv })), {
          code: afterBytes === 0 ? 'place-unreachable' : 'cut-short',
          permanent: false,
          message: /(?:kubectl|docker) ended with status 0/,
        })
      }
    }
  })

  it('may be noisy on standard error', async () => {
    const lines = [
      'Defaulted container "mongo" out of: mongo, sidecar',
      'E1128 03:15:00.000000       7 v2.go:105] EOF',
    ]
    await standIns.setCluster({ workloads, pods: [{ ...pod, fault: { kind: 'noise', lines } }] })
    equal((await read(sourceOf(inPod(), { argv }))).length > 3_000_000, true)
  })

  it('or never begins is given up in words', async () => {
    await standIns.setCluster({ workloads, pods: [{ ...pod, fault: { kind: 'hang' } }] })
    await rejects(read(sourceOf(inPod(), { argv, beginMs: 300 })), {
      code: 'place-unreachable',
      message: /kubectl has not reached a shell in the pod db-0, container mongo within 0.3 s/,
    })
  })

  it('as sshd is killed is cut short', async () => {
    const file = join(elsewhere.folder, 'slow-began')
    const source = sourceOf(onHost, {
      argv: ['sh', '-c', `touch ${file}; while :; do head -c 65536 /dev/zero; sleep 0.02; done`],
    })
    const reading = read(source)
    reading.catch(() => {}) // awaited below
    await waitFor(() => existsSync(file), { what: 'the command to begin' })
    await killSessions(elsewhere.sshd.process.pid)
    await rejects(reading, {
      code: 'cut-short',
      message: /on the host web-01 broke off after \d+ bytes: ssh ended with status 255/,
    })
  })
})

/** The processes that a server keeps for its sessions. */
async function killSessions(server: number): Promise<void> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=', '--ppid', String(server)])
  for (const pid of stdout.trim().split(/\s+/)) process.kill(Number(pid), 'SIGKILL')
}

function isAlive(pid: string): boolean {
  return existsSync(`/proc/${pid}`)
}
