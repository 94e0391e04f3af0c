import { deepEqual } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { Command } from 'commander'
import type { CommandContext } from './command-context.ts'
import { createProgram } from './program.ts'

const page = readFileSync(new URL('../../../docs/commands.md', import.meta.url), 'utf8')
const program = createProgram({ env: {}, stdout: {}, stderr: {} } as unknown as CommandContext)
const isVisible = (command: Command) => !(command as unknown as { _hidden: boolean })._hidden
const commands = program.commands.filter(isVisible)
const isBuilt = (command: Command) => !command.helpGroup().startsWith('Not yet')

/** `run [plan...] --wait --timeout <duration>`: name, arguments and the flags of this version. */
function usage(command: Command): string {
  const args = command.registeredArguments.map((argument) => {
    const name = argument.variadic ? `${argument.name()}...` : argument.name()
    return argument.required ? `<${name}>` : `[${name}]`
  })
  const flags = command.options
    .filter(
      ({ description, hidden }) => !hidden && !description.includes('not yet in this version'),
    )
    .map(({ flags }) => flags)
  return [command.name(), ...args, ...flags].join(' ')
}

describe('docs/commands.md', () => {
  it('lists each command with its flags as the program has them', () => {
    const rows = page.split('\n').flatMap((line) => {
      const match = /^\| `([^`]+)` +\| (.+?) +\|$/.exec(line)
      return match ? [[match[1], match[2]]] : []
    })
    const expected = commands
      .filter(isBuilt)
      .map((command) => [usage(command), command.description()])
    deepEqual(rows, expected)
  })

  it('names the commands that are not there yet', () => {
    const line = page.split('\n').find((text) => text.startsWith('Not yet: ')) ?? ''
    const names = [...line.matchAll(/`([a-z]+)`/g)].map((match) => match[1])
    deepEqual(
      names,
      commands.filter((command) => !isBuilt(command)).map((command) => command.name()),
    )
  })
})
