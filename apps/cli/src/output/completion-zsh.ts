import type { Candidates, Grammar, OptionGrammar, ValueGrammar } from '../grammar.ts'

/** Completion for zsh: sourced, or a file `_backstream` in a folder of `$fpath`. */
export function renderZshCompletion(grammar: Grammar): string {
  const everywhere = grammar.options.map(optionSpec)
  return `#compdef backstream
# zsh completion of backstream: source <(backstream completion zsh)

_backstream_plans() {
  # Said behind the command, or before it.
  local file=\${opt_args[--config]:-\${opt_args[-c]:-$config}}
  local -a plans
  plans=(\${(f)"$(command backstream \${file:+--config} $file completion plans 2>/dev/null)"})
  compadd -a plans
}

_backstream_commands() {
  local -a commands
  commands=(
${grammar.commands.map(({ name, description }) => `    ${quote(`${name}:${description}`)}`).join('\n')}
  )
  _describe command commands
}

_backstream() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  local -a everywhere
  everywhere=(
${everywhere.map((spec) => `    ${spec}`).join('\n')}
  )
  _arguments -C -A '-*' $everywhere ':command:_backstream_commands' '*::argument:->arguments'
  [[ $state = arguments ]] || return
  local config=\${opt_args[--config]:-\${opt_args[-c]}}
  case $words[1] in
${grammar.commands.map((command) => `    ${command.name}) _arguments $everywhere ${[...command.options.map(optionSpec), ...command.arguments.map(argumentSpec)].join(' ')} ;;`).join('\n')}
  esac
}

if [[ $funcstack[1] = _backstream ]]; then _backstream "$@"; else compdef _backstream backstream; fi
`
}

/** `'(-c --config)'{-c,--config}'[…]:file:_files'` */
function optionSpec({ short, long, description, value }: OptionGrammar): string {
  const takes = value === null ? '' : `:${value.name}:${action(value.candidates)}`
  const rest = `[${description.replaceAll(/[[\]\\]/g, '\\$&')}]${takes}`
  // What may be said several times is not taken off the list.
  const others = value?.isVariadic ? '*' : `(${[short, long].filter(Boolean).join(' ')})`
  const name = value === null ? long : `${long}=`
  return short === null
    ? quote(`${others}${name}${rest}`)
    : `${quote(others)}{${short},${name}}${quote(rest)}`
}

function argumentSpec({ name, isVariadic, isRequired, candidates }: ValueGrammar): string {
  return quote(`${isVariadic ? '*' : isRequired ? '' : ':'}:${name}:${action(candidates)}`)
}

function action(candidates: Candidates): string {
  if (typeof candidates !== 'string') return `(${candidates.join(' ')})`
  const actions = {
    files: '_files',
    folders: '_files -/',
    plans: '_backstream_plans',
    commands: '_backstream_commands',
    none: ' ',
  }
  return actions[candidates]
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
