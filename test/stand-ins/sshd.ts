import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findProgram, freePort, type StartedProcess, startProcess } from '@backstream/testkit'
import { writeProgram } from './install.ts'

export interface TestSshd extends AsyncDisposable {
  /** As ssh knows it: put `ssh` of `bin` first in PATH. */
  readonly host: string
  readonly process: StartedProcess
}

/**
 * A real sshd on a loopback port that lets this user in by a key of its own, and in `bin` an `ssh`
 * that knows the way: OpenSSH looks for its configuration where the user lives, not where HOME says.
 */
export async function startSshd(folder: string, bin: string): Promise<TestSshd> {
  const sshd = findProgram('sshd')
  const ssh = findProgram('ssh')
  if (!sshd || !ssh) throw new Error('openssh-server or openssh-client is not on this machine')
  const keys = join(folder, 'keys')
  await mkdir(keys, { recursive: true, mode: 0o700 })
  const port = await freePort()
  for (const key of ['host', 'client']) {
    await promisify(execFile)('ssh-keygen', [
      '-q',
      '-t',
      'ed25519',
      '-N',
      '',
      '-f',
      join(keys, key),
    ])
  }
  await writeFile(join(keys, 'authorized'), await readFile(join(keys, 'client.pub')))
  const hostKey = await readFile(join(keys, 'host.pub'), 'utf8')
  await writeFile(join(keys, 'known'), `[127.0.0.1]:${port} ${hostKey}`)
  await writeFile(join(folder, 'sshd_config'), serverConfig(keys, port))
  await writeFile(join(folder, 'ssh_config'), clientConfig(keys, port))
  await chmod(join(folder, 'ssh_config'), 0o600)
  await writeProgram(join(bin, 'ssh'), `exec '${ssh}' -F '${join(folder, 'ssh_config')}' "$@"`)
  // Where root starts it, sshd wants this folder to exist.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true })
  const server = startProcess({
    command: sshd,
    args: ['-D', '-e', '-f', join(folder, 'sshd_config')],
  })
  await server.waitForOutput(/Server listening/)
  return {
    host: 'web-01',
    process: server,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

function serverConfig(keys: string, port: number): string {
  return `
Port ${port}
ListenAddress 127.0.0.1
HostKey ${join(keys, 'host')}
AuthorizedKeysFile ${join(keys, 'authorized')}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
`
}

function clientConfig(keys: string, port: number): string {
  return `
Host web-01 stranger
  HostName 127.0.0.1
  Port ${port}
  User ${userInfo().username}
  IdentityFile ${join(keys, 'client')}
  IdentitiesOnly yes
Host web-01
  UserKnownHostsFile ${join(keys, 'known')}
Host stranger
  UserKnownHostsFile /dev/null
  StrictHostKeyChecking yes
Host silent
  HostName 127.0.0.1
  Port 1
`
}
