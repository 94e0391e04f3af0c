/** What can become of a command elsewhere that is not its own failure. */
import type { SourceProblem } from '../source.ts'
import { SourceError } from '../source-error.ts'
import type { CommandExit } from './running-command.ts'

export interface FarCommand {
  readonly program: string
  /** The program on this machine that leads there. */
  readonly client: string
  readonly place: string
}

interface LostCommand extends FarCommand {
  /** How the client ended; null when it did not. */
  readonly exit: CommandExit | null
  /** What it said on standard error, without secrets. */
  readonly said: string
}

/** The connection is gone and the command's end was not told, whatever status the client gave. */
export function brokenOff(lost: LostCommand, bytes: number): SourceError {
  return new SourceError(
    'cut-short',
    `The way to ${lost.program} ${lost.place} broke off after ${bytes} bytes: ${endOf(lost)}, and how the command ended was not told.${saidBy(lost)}`,
    {
      remedy:
        'See why the connection was dropped: a restart there, an idle limit of a proxy between?',
    },
  )
}

/** There was never a shell at the far end; `known` is what the client meant. */
export function notBegun(lost: LostCommand, known: SourceProblem | null): SourceError {
  return new SourceError(
    'place-unreachable',
    `${lost.program} could not be started ${lost.place}: ${known?.message ?? endOf(lost)}.${saidBy(lost)}`,
    {
      permanent: known?.permanent ?? false,
      remedy: known?.remedy ?? `Try ${lost.client} by hand, as the user of the worker.`,
    },
  )
}

export function unanswered({ client, place }: FarCommand, ms: number): SourceError {
  return new SourceError(
    'place-unreachable',
    `${client} has not reached a shell ${place} within ${ms / 1000} s`,
    { remedy: 'See whether that place is up and its network answers.' },
  )
}

export function uncounted({ program, place }: FarCommand): SourceError {
  return new SourceError(
    'cut-short',
    `Nothing ${place} can count the bytes of ${program}, so that a cut would not be seen`,
    { permanent: true, remedy: 'Install dd (coreutils), or tee and wc, there.' },
  )
}

export function miscounted(
  { program, place }: FarCommand,
  { sent, came }: { readonly sent: number; readonly came: number },
): SourceError {
  return new SourceError(
    'cut-short',
    `${program} gave ${sent} bytes ${place}, but ${came} came here`,
    { remedy: 'The connection loses or changes bytes: see what stands between.' },
  )
}

function endOf({ client, exit }: LostCommand): string {
  if (exit === null) return `${client} hangs`
  return exit.signal === null
    ? `${client} ended with status ${exit.status}`
    : `${client} ended by ${exit.signal}`
}

function saidBy({ said }: LostCommand): string {
  return said === '' ? '' : ` It said: ${said}`
}
