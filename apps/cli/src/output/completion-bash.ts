import type {
  Candidates,
  CommandGrammar,
  Grammar,
  OptionGrammar,
  ValueGrammar,
} from '../grammar.ts'

/**
 * Completion for bash, 3.2 and newer. A table of the commands, and one function that finds out which
 * word of which command is being typed.
 */
export function renderBashCompletion(grammar: Grammar): string {
  const everywhere = grammar.options
  const first: ValueGrammar = {
    name: 'command',
    description: '',
    isRequired: true,
    isVariadic: false,
    candidates: 'commands',
  }
  const none = { name: '', options: [], arguments: [first] }
  return `# bash completion of backstream: source <(backstream completion bash)

_backstream_plans() {
  backstream \${config:+--config "$config"} completion plans 2>/dev/null
}

# The words of the command line, taken apart: command, what it knows, and the arguments before the cursor.
_backstream() {
  local IFS=$' \\t\\n'
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  # --option=value comes as three words.
  if [ "$current" = = ]; then current=
  elif [ "$previous" = = ]; then previous=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  local command= config= word before= at options values candidates count=0
  _backstream_grammar
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    case " $values " in *" $before "*)
      if [ "$word" = = ]; then continue; fi
      case $before in -c | --config) config=$word ;; esac
      before=; continue ;;
    esac
    before=$word
    case $word in
      -*) ;;
      *) if [ -z "$command" ]; then command=$word; _backstream_grammar; else count=$((count + 1)); fi ;;
    esac
  done
  case " $values " in
    *" $previous "*) _backstream_value ;;
    *) case $current in
      -*) candidates=$options ;;
      *) _backstream_argument ;;
    esac ;;
  esac
  IFS=$' \\t\\n'
  case $candidates in
    :files) compopt -o filenames 2>/dev/null; IFS=$'\\n'; COMPREPLY=($(compgen -f -- "$current")) ;;
    :folders) compopt -o filenames 2>/dev/null; IFS=$'\\n'; COMPREPLY=($(compgen -d -- "$current")) ;;
    :plans) COMPREPLY=($(compgen -W "$(_backstream_plans)" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$candidates" -- "$current")) ;;
  esac
}

# What $command knows: its options, and which of them want a value.
_backstream_grammar() {
  case $command in
${[none, ...grammar.commands].map((command) => grammarLine(command, everywhere)).join('\n')}
    *) options= values= ;;
  esac
}

_backstream_value() {
  case "$command $previous" in
${valueLines(grammar).join('\n')}
    *) candidates= ;;
  esac
}

_backstream_argument() {
  case "$command $count" in
${[none, ...grammar.commands].flatMap((command) => argumentLines(command, grammar)).join('\n')}
    *) candidates= ;;
  esac
}

complete -F _backstream backstream
`
}

type Typed = Pick<CommandGrammar, 'name' | 'options' | 'arguments'>

function grammarLine(command: Typed, everywhere: readonly OptionGrammar[]): string {
  const options = [...command.options, ...everywhere]
  const values = options.filter(({ value }) => value !== null)
  const name = command.name === '' ? "''" : command.name
  return `    ${name}) options='${flagsOf(options)}' values='${flagsOf(values)}' ;;`
}

function flagsOf(options: readonly OptionGrammar[]): string {
  return options.flatMap(({ short, long }) => (short === null ? [long] : [short, long])).join(' ')
}

function valueLines(grammar: Grammar): string[] {
  const own = grammar.commands.flatMap(({ name, options }) =>
    options.map((option) => ({ command: name, option })),
  )
  const everywhere = grammar.options.map((option) => ({ command: '*', option }))
  return [...own, ...everywhere].flatMap(({ command, option: { short, long, value } }) => {
    if (value === null || value.candidates === 'none') return []
    const patterns = [short, long].flatMap((flag) =>
      flag === null ? [] : [command === '*' ? `*" ${flag}"` : `"${command} ${flag}"`],
    )
    return [`    ${patterns.join(' | ')}) candidates=${word(value.candidates, grammar)} ;;`]
  })
}

function argumentLines(command: Typed, grammar: Grammar): string[] {
  return command.arguments.flatMap(({ candidates, isVariadic }, at) => {
    if (candidates === 'none') return []
    const pattern = isVariadic ? `"${command.name} "*` : `"${command.name} ${at}"`
    return [`    ${pattern}) candidates=${word(candidates, grammar)} ;;`]
  })
}

function word(candidates: Candidates, grammar: Grammar): string {
  if (typeof candidates !== 'string') return `'${candidates.join(' ')}'`
  if (candidates === 'commands') return `'${grammar.commands.map(({ name }) => name).join(' ')}'`
  return `:${candidates}`
}
