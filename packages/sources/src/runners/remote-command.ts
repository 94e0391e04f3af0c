import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { createRedact } from '../redact.ts'
import { releaseChunk } from '../release-chunk.ts'
import type { SourceError } from '../source-error.ts'
import type { Channel, ChannelEnd } from './channel.ts'
import { notStarted } from './query-client.ts'
import {
  brokenOff,
  type FarCommand,
  miscounted,
  notBegun,
  unanswered,
  uncounted,
} from './remote-failures.ts'
import { RemoteOutput } from './remote-output.ts'
import { bootstrap, frameBytes, remoteProgram } from './remote-program.ts'
import type { CommandRequest, Running } from './runner.ts'
import { type CommandExit, RunningCommand, type StopLimits } from './running-command.ts'

export interface RemoteCommandOptions {
  readonly channel: Channel
  /** The environment of the client on this machine. */
  readonly clientEnvironment: Readonly<Record<string, string>>
  readonly limits?: StopLimits | undefined
  /** How long the far end may take to say that it has begun. */
  readonly beginMs: number
}

/** What is kept of standard error at least: the client's own words come last, or first and alone. */
const minStderrBytes = 8 << 10
/** How long a client is waited for that has nothing more to do. */
const clientMs = 5_000

interface Started {
  readonly client: RunningCommand
  readonly end: ChannelEnd
}

/** A command at the far end of a channel. What went wrong on the way comes out at `exit`. */
export class RemoteCommand implements Running {
  readonly startFailure: NodeJS.ErrnoException | null = null
  readonly #request: CommandRequest
  readonly #options: RemoteCommandOptions
  readonly #nonce = randomBytes(16).toString('hex')
  readonly #opening = new AbortController()
  /** Settled when the input must end: fulfilled once the end marker was seen, or at `stop`. */
  readonly #over = Promise.withResolvers<'seen' | 'given up'>()
  readonly #outputEnded = Promise.withResolvers<RemoteOutput>()
  readonly #started: Promise<Started>
  #client: RunningCommand | null = null
  #inputFailure: { readonly error: unknown } | null = null
  #silence: SourceError | null = null
  #isRead = false

  constructor(request: CommandRequest, options: RemoteCommandOptions) {
    this.#request = request
    this.#options = options
    this.#started = this.#start()
    this.#started.catch(() => {}) // told by `stdout` and `exit`
    this.#outputEnded.promise.catch(() => {})
  }

  get stdout(): AsyncIterable<Buffer> {
    return this.#output()
  }

  get stderrTail(): Buffer {
    return this.#client?.stderrTail ?? Buffer.alloc(0)
  }

  async exit(): Promise<CommandExit> {
    const started = await this.#started
    if (!this.#isRead) for await (const _ of this.#output());
    const output = await this.#outputEnded.promise
    if (this.#inputFailure) throw this.#inputFailure.error
    if (this.#silence) throw this.#silence
    if (!output.end) throw await this.#lost(output, started)
    // What was said over there comes by a pipe of its own, and may still be on its way.
    await settledSoon(started.client)
    const { status, bytes } = output.end
    if (bytes === output.bytes) return { status, signal: null }
    const at = this.#at(started.end)
    throw bytes === null ? uncounted(at) : miscounted(at, { sent: bytes, came: output.bytes })
  }

  fail(reason: unknown): void {
    this.#opening.abort(reason)
    this.#client?.fail(reason)
  }

  /**
   * The far end is told by the end of its standard input, and ends the command there; the client ends
   * with it, or by force.
   */
  async stop(): Promise<boolean> {
    this.#opening.abort(new Error('stopped'))
    this.#over.resolve('given up')
    const client = await this.#started.then(
      ({ client }) => client,
      () => null,
    )
    if (client === null) return true
    await Promise.race([
      settled(client.exit()),
      delay(this.#options.limits?.graceMs ?? clientMs, null, { ref: false }),
    ])
    return await client.stop()
  }

  async #start(): Promise<Started> {
    const { channel, clientEnvironment, limits } = this.#options
    const end = await channel.open({ signal: this.#opening.signal })
    this.#opening.signal.throwIfAborted()
    const client = new RunningCommand({
      argv: end.commandLine(bootstrap),
      env: clientEnvironment,
      stdin: this.#input(),
      stderrBytes: Math.max(this.#request.stderrBytes, minStderrBytes),
      ...(limits && { limits }),
    })
    this.#client = client
    return { client, end }
  }

  /** The program, the command's input, and then silence until there is nothing more to wait for. */
  async *#input(): AsyncGenerator<Uint8Array, void, undefined> {
    yield Buffer.from(remoteProgram(this.#request, this.#nonce))
    try {
      yield* framesOf(this.#request.stdin ?? [], this.#over.promise)
    } catch (error) {
      // Ending here, without `end`, has the command killed there.
      this.#inputFailure = { error }
      return
    }
    yield Buffer.from('end\n')
    if ((await this.#over.promise) === 'seen') yield Buffer.from('bye\n')
  }

  async *#output(): AsyncGenerator<Buffer, void, undefined> {
    this.#isRead = true
    const { client, end } = await this.#started
    const { beginMs } = this.#options
    const silence = limitOf(beginMs, () => {
      this.#silence = unanswered(this.#at(end), beginMs)
      client.fail(this.#silence)
    })
    let linger: AbortController | null = null
    const output = new RemoteOutput({
      nonce: this.#nonce,
      onBegin: () => silence.abort(),
      onEnd: () => {
        this.#over.resolve('seen')
        linger = limitOf(clientMs, () => client.fail(new Error('it has nothing more to bring')))
      },
    })
    try {
      // To the end of the stream, not of the content only: then the client is done as well.
      for await (const chunk of client.stdout) {
        const content = output.take(chunk)
        releaseChunk(chunk)
        if (content.length > 0) yield content
      }
      const rest = output.rest()
      if (rest.length > 0) yield rest
    } catch (error) {
      if (!output.end) throw error
    } finally {
      silence.abort()
      ;(linger as AbortController | null)?.abort()
      this.#outputEnded.resolve(output)
    }
  }

  /** The channel ended and nobody told how the command did. */
  async #lost(output: RemoteOutput, { client, end }: Started): Promise<unknown> {
    this.#over.resolve('given up')
    const exit = await settledSoon(client)
    if (client.startFailure) return notStarted(this.#options.channel.client, client.startFailure)
    const lost = { ...this.#at(end), exit, said: this.#shown(client.stderrTail) }
    return output.hasBegun
      ? brokenOff(lost, output.bytes)
      : notBegun(lost, this.#options.channel.explain(lost.said))
  }

  #at({ place }: ChannelEnd): FarCommand {
    return { program: this.#request.argv[0] ?? '', client: this.#options.channel.client, place }
  }

  #shown(stderr: Buffer): string {
    const { env, privateText } = this.#request
    const secrets = [...Object.values(env), ...(privateText?.split('\n') ?? [])]
    return createRedact(secrets)(stderr.toString(), { isCut: stderr.length >= minStderrBytes })
      .trim()
      .slice(-4096)
  }
}

/** The input in frames, as long as anybody is there to read it. */
async function* framesOf(
  input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  over: Promise<unknown>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = iterate(input)
  const isOver = over.then(() => null)
  for (;;) {
    const next = await Promise.race([chunks.next(), isOver])
    if (next === null || next.done) return
    const chunk = next.value
    for (let at = 0; at < chunk.length; at += frameBytes) {
      const frame = chunk.subarray(at, at + frameBytes)
      yield Buffer.from(`${frame.length}\n`)
      yield frame
    }
  }
}

async function* iterate(
  input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* input
}

/** How it ended; null where it never began. */
async function settled(exit: Promise<CommandExit>): Promise<CommandExit | null> {
  return await exit.catch(() => null)
}

/** The same of a client that has nothing more to do; null also where it stays on. */
async function settledSoon(client: RunningCommand): Promise<CommandExit | null> {
  return await Promise.race([settled(client.exit()), delay(clientMs, null, { ref: false })])
}

/** Calls `onLimit` after `ms`, unless it is aborted before. */
function limitOf(ms: number, onLimit: () => void): AbortController {
  const timer = new AbortController()
  delay(ms, undefined, { signal: timer.signal, ref: false }).then(onLimit, () => {}) // taken back
  return timer
}
