import type { CommandExit } from './running-command.ts'

/**
 * Where the commands of a source run: on this machine, in a container, in a pod, on another host.
 * Whoever reads a database knows its client's command line, and nothing of the way to it.
 */
export interface Runner {
  /** For messages, after the name of a command: `on this machine`, `in the container shop-db-1`. */
  readonly place: string
  /**
   * Starts a command. Throws or, at its `exit`, rejects where it cannot be started. The caller must
   * call `stop`, however the command ended.
   */
  start(request: CommandRequest): Running
  /** Where a program lies that `start` would run by this name, or null when there is none. */
  findProgram(
    name: string,
    options: { readonly cwd: string | null; readonly signal: AbortSignal },
  ): Promise<string | null>
}

export interface CommandRequest {
  readonly argv: readonly string[]
  /** Beside what every command there gets (PATH, HOME and the like); the way secrets are handed over. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string | null
  /** Fed to its standard input, which is empty without it. Where this throws, the command is ended by force. */
  readonly stdin?: AsyncIterable<Uint8Array>
  /** A secret for a client that takes it from a file only: it is there at `privateFile`, and nowhere else. */
  readonly privateText?: string
  /** How many bytes of standard error to keep, from its end. */
  readonly stderrBytes: number
}

/** Under this name a command reads its `privateText`, once. */
export const privateFile = '/dev/fd/3'

/** A command on its way. */
export interface Running {
  /** Ends where the command closes it, which says nothing of how the command ended: `exit` does. */
  readonly stdout: AsyncIterable<Buffer>
  /** Why it could not be started, if it could not. */
  readonly startFailure: NodeJS.ErrnoException | null
  readonly stderrTail: Buffer
  /**
   * How it ended, standard error read to the end. Rejects when it could not be started, when `stdin`
   * threw (with that error), or when the way to it broke off, so that its end is not known.
   */
  exit(): Promise<CommandExit>
  /** Makes `stdout` fail with `reason` at once. `stop` is still to be called. */
  fail(reason: unknown): void
  /**
   * Ends the command, wherever it runs, and what it has started, if need be by force. True when it is
   * gone; false when it had to be left behind.
   */
  stop(): Promise<boolean>
}
