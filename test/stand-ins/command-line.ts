/** Reads arguments as the commands that the stand-ins stand for do. */
export interface CommandLine {
  readonly flags: ReadonlyMap<string, readonly string[]>
  readonly words: readonly string[]
  /** What stands behind `--`; null without one. */
  readonly rest: readonly string[] | null
}

/** Flags by their names, a value of null for those that take none; `-n` stands for its long name. */
export interface Grammar {
  readonly flags: Readonly<Record<string, 'value' | 'none'>>
  readonly short: Readonly<Record<string, string>>
  /** Options end at the first word after the command's own, as docker has it; kubectl takes them anywhere. */
  readonly stopsAfter?: number
}

export class UnknownFlag extends Error {}

export function parseCommandLine(args: readonly string[], grammar: Grammar): CommandLine {
  const flags = new Map<string, string[]>()
  const words: string[] = []
  const left = [...args]
  for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
    if (arg === '--') return { flags, words, rest: left }
    if (arg.startsWith('-') && arg !== '-') {
      const { name, value } = readFlag(arg, left, grammar)
      flags.set(name, [...(flags.get(name) ?? []), value])
    } else {
      words.push(arg)
      if (words.length === grammar.stopsAfter) words.push(...left.splice(0))
    }
  }
  return { flags, words, rest: null }
}

/** Takes the flag's value from what is left, where it is not joined to it. */
function readFlag(arg: string, left: string[], grammar: Grammar): { name: string; value: string } {
  const { name, value } = nameOf(arg, grammar)
  const kind = grammar.flags[name]
  if (kind === undefined) {
    const what = arg.startsWith('--') ? `flag: --${name}` : `shorthand flag: '${arg[1]}' in ${arg}`
    throw new UnknownFlag(`unknown ${what}`)
  }
  return { name, value: value ?? (kind === 'none' ? 'true' : (left.shift() ?? '')) }
}

function nameOf(arg: string, { short, flags }: Grammar): { name: string; value: string | null } {
  if (arg.startsWith('--')) {
    const [name = '', ...value] = arg.slice(2).split('=')
    return { name, value: value.length === 0 ? null : value.join('=') }
  }
  const name = short[arg[1] as string] ?? ''
  // `-nshop` is `-n shop`; `-it` is `-i -t`, of which the callers here need the first only.
  const joined = arg.slice(2).replace(/^=/, '')
  return { name, value: joined === '' || flags[name] === 'none' ? null : joined }
}
