import type { Candidates, Grammar, OptionGrammar } from '../grammar.ts'

/** Completion for fish, 3.0 and newer. */
export function renderFishCompletion(grammar: Grammar): string {
  const lines = [
    ...grammar.options.map((option) => optionLine(option, null, grammar)),
    ...grammar.commands.flatMap((command) => [
      `complete -c backstream -n __fish_use_subcommand -a ${command.name} -d ${quote(command.description)}`,
      ...command.options.map((option) => optionLine(option, command.name, grammar)),
      ...argumentLines(command.name, command.arguments[0]?.candidates ?? 'none', grammar),
    ]),
  ]
  return `# fish completion of backstream: backstream completion fish | source

function __backstream_plans
  set -l words (commandline -opc)
  set -l given
  for flag in -c --config
    if set -l at (contains -i -- $flag $words)
      set given --config $words[(math $at + 1)]
    end
  end
  set -a given (string match -- '--config=*' $words)
  command backstream $given completion plans 2>/dev/null
end

complete -c backstream -f
${lines.join('\n')}
`
}

function optionLine(option: OptionGrammar, command: string | null, grammar: Grammar): string {
  const { short, long, description, value } = option
  return [
    'complete -c backstream',
    ...(command === null ? [] : [`-n '__fish_seen_subcommand_from ${command}'`]),
    ...(short === null ? [] : [`-s ${short.slice(1)}`]),
    `-l ${long.slice(2)}`,
    ...(value === null ? [] : [valueFlags(value.candidates, grammar)]),
    `-d ${quote(description)}`,
  ].join(' ')
}

function argumentLines(command: string, candidates: Candidates, grammar: Grammar): string[] {
  if (candidates === 'none') return []
  const condition = `-n '__fish_seen_subcommand_from ${command}'`
  return [`complete -c backstream ${condition} -a ${words(candidates, grammar)}`]
}

function valueFlags(candidates: Candidates, grammar: Grammar): string {
  if (candidates === 'files') return '-rF'
  return candidates === 'none' ? '-x' : `-xa ${words(candidates, grammar)}`
}

function words(candidates: Exclude<Candidates, 'none'>, grammar: Grammar): string {
  if (typeof candidates !== 'string') return quote(candidates.join(' '))
  const lookups = {
    files: '(__fish_complete_path)',
    folders: '(__fish_complete_directories)',
    plans: '(__backstream_plans)',
    commands: grammar.commands.map(({ name }) => name).join(' '),
  }
  return quote(lookups[candidates])
}

function quote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`
}
