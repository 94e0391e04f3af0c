import type { Channel } from './channel.ts'
import { explainAnswer, sshAnswers } from './client-answers.ts'

/** Never asks anything, and gives up a connection on which nobody answers any more. */
const options = [
  ...['-o', 'BatchMode=yes'],
  ...['-o', 'ConnectTimeout=20'],
  ...['-o', 'ServerAliveInterval=15'],
  ...['-o', 'ServerAliveCountMax=4'],
  ...['-o', 'ClearAllForwardings=yes'],
]

/** Another host, under the name and with all that `ssh_config` says of it. */
export function createSshChannel({ host }: { readonly host: string }): Channel {
  const place = `on the host ${host}`
  return {
    place,
    client: 'ssh',
    open: () =>
      Promise.resolve({
        place,
        commandLine: (argv) => ['ssh', '-T', ...options, '--', host, argv.map(word).join(' ')],
      }),
    explain: (said) => explainAnswer(said, sshAnswers),
  }
}

/** ssh hands one line to the login shell there: quoted as every shell reads it, csh and fish too. */
function word(text: string): string {
  return /^[\w./:=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
