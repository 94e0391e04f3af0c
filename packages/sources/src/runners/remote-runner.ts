import type { Channel } from './channel.ts'
import { RemoteCommand, type RemoteCommandOptions } from './remote-command.ts'
import type { Runner } from './runner.ts'

/** Commands at the far end of a channel. */
export function createRemoteRunner(
  channel: Channel,
  options: Omit<RemoteCommandOptions, 'channel'>,
): Runner {
  const start: Runner['start'] = (request) => new RemoteCommand(request, { ...options, channel })
  return {
    place: channel.place,
    start,
    async findProgram(name, { cwd, signal }) {
      const argv = ['sh', '-c', 'command -v -- "$1"', 'sh', name]
      const { status, text } = await ask(start({ argv, env: {}, cwd, stderrBytes: 0 }), signal)
      return status === 0 ? text.trim() : null
    },
  }
}

/** Runs a command that answers in a few lines. */
async function ask(
  command: ReturnType<Runner['start']>,
  signal: AbortSignal,
): Promise<{ readonly status: number | null; readonly text: string }> {
  const onAbort = (): void => command.fail(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    signal.throwIfAborted()
    const chunks: Buffer[] = []
    for await (const chunk of command.stdout) chunks.push(chunk)
    const { status } = await command.exit()
    return { status, text: Buffer.concat(chunks).toString() }
  } finally {
    signal.removeEventListener('abort', onAbort)
    await command.stop()
  }
}
