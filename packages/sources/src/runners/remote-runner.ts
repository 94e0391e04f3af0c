import { ask } from './ask.ts'
import type { Channel } from './channel.ts'
import { RemoteCommand, type RemoteCommandOptions } from './remote-command.ts'
import type { Runner } from './runner.ts'

/** Commands at the far end of a channel. */
export function createRemoteRunner(
  channel: Channel,
  options: Omit<RemoteCommandOptions, 'channel'>,
): Runner {
  const runner: Runner = {
    place: channel.place,
    start: (request) => new RemoteCommand(request, { ...options, channel }),
    async findProgram(name, { cwd, signal }) {
      const argv = ['sh', '-c', 'command -v -- "$1"', 'sh', name]
      const { status, stdout } = await ask(runner, { argv, cwd }, { signal })
      return status === 0 ? stdout.toString().trim() : null
    },
  }
  return runner
}
