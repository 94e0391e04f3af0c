import type { Argument, Command, Help, Option } from 'commander'

/**
 * The commands as data: what shell completion and the man page are made from. Only what a user may
 * type with effect; what is hidden, or not yet in this version, is left out.
 */
export interface Grammar {
  readonly name: string
  readonly description: string
  /** May stand before or behind the command. */
  readonly options: readonly OptionGrammar[]
  readonly commands: readonly CommandGrammar[]
}

export interface CommandGrammar {
  readonly name: string
  /** Heading under which `--help` lists it. */
  readonly group: string
  readonly description: string
  readonly arguments: readonly ValueGrammar[]
  readonly options: readonly OptionGrammar[]
}

export interface OptionGrammar {
  readonly short: string | null
  readonly long: string
  readonly description: string
  /** Null where it is a switch. */
  readonly value: ValueGrammar | null
}

export interface ValueGrammar {
  readonly name: string
  readonly description: string
  readonly isRequired: boolean
  readonly isVariadic: boolean
  readonly candidates: Candidates
}

/** What may be offered for a value: these very words, or names that are looked up when asked. */
export type Candidates = readonly string[] | 'files' | 'folders' | 'plans' | 'commands' | 'none'

export function describeGrammar(program: Command): Grammar {
  const help = program.createHelp()
  return {
    name: program.name(),
    description: program.description(),
    options: describeOptions(help, program),
    commands: help
      .visibleCommands(program)
      .filter((command) => !isNotYet(command.description()))
      .map((command) => describeCommand(help, command)),
  }
}

function describeCommand(help: Help, command: Command): CommandGrammar {
  return {
    name: command.name(),
    group: command.helpGroup().replace(/:$/, ''),
    description: command.description(),
    arguments: command.registeredArguments.map(describeArgument),
    options: describeOptions(help, command).filter(({ long }) => long !== '--help'),
  }
}

function describeArgument(argument: Argument): ValueGrammar {
  const { description, required: isRequired, variadic: isVariadic, argChoices } = argument
  const name = argument.name()
  return {
    name,
    description,
    isRequired,
    isVariadic,
    candidates: argChoices ?? candidatesFor(name),
  }
}

function describeOptions(help: Help, command: Command): OptionGrammar[] {
  return help
    .visibleOptions(command)
    .filter(({ description }) => !isNotYet(description))
    .map((option) => ({
      short: option.short ?? null,
      long: option.long ?? '',
      description: option.description,
      value: describeOptionValue(option),
    }))
}

function describeOptionValue(option: Option): ValueGrammar | null {
  const name = /[<[]([^>\].]+)/.exec(option.flags)?.[1]
  if (name === undefined) return null
  return {
    name,
    description: option.description,
    isRequired: option.required,
    isVariadic: option.variadic,
    candidates: option.argChoices ?? candidatesFor(name),
  }
}

/** The name of a value is the word for what it is: one word per thing. */
function candidatesFor(name: string): Candidates {
  if (name === 'file') return 'files'
  if (name === 'dir') return 'folders'
  if (name === 'command') return 'commands'
  return ['plan', 'ref', 'plan-or-run', 'from', 'to'].includes(name) ? 'plans' : 'none'
}

function isNotYet(description: string): boolean {
  return description.includes('not yet in this version')
}
