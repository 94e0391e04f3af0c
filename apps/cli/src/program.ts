import { Command, Option } from 'commander'
import metadata from '../package.json' with { type: 'json' }
import { CliError } from './cli-error.ts'
import type { CommandContext, GlobalOptions } from './command-context.ts'
import { defineBoard } from './commands/board.ts'
import { defineCompletion } from './commands/completion.ts'
import { defineControlRuns } from './commands/control-runs.ts'
import { defineDoctor } from './commands/doctor.ts'
import { defineDrill } from './commands/drill.ts'
import { defineHealth } from './commands/health.ts'
import { defineInit } from './commands/init.ts'
import { defineList } from './commands/list.ts'
import { defineLook } from './commands/look.ts'
import { defineMan } from './commands/man.ts'
import { defineMarks } from './commands/mark.ts'
import { defineNotify } from './commands/notify.ts'
import { definePrune } from './commands/prune.ts'
import { defineReport } from './commands/report.ts'
import { defineRestore } from './commands/restore.ts'
import { defineRun } from './commands/run.ts'
import { defineScheduler } from './commands/scheduler.ts'
import { defineShow } from './commands/show.ts'
import { defineStatus } from './commands/status.ts'
import { defineSweep } from './commands/sweep.ts'
import { defineUp } from './commands/up.ts'
import { defineValidate } from './commands/validate.ts'
import { defineVerify } from './commands/verify.ts'
import { defineWorker } from './commands/worker.ts'
import { addEnvironmentFile } from './environment-file.ts'

/** What people of other backup tools type first. */
const otherNames: Readonly<Record<string, string>> = {
  backup: 'Did you mean `backstream run PLAN`?',
  snapshots: 'Did you mean `backstream list`?',
  check: 'Did you mean `backstream verify` (stored bytes), `validate` (configuration) or `doctor`?',
  forget: 'Did you mean `backstream prune`?',
}

/**
 * The grammar. Usage errors are thrown as commander's errors and reported by `runCommandLine`;
 * help and version go to standard output.
 */
export function createProgram(context: CommandContext): Command {
  const program = new Command('backstream')
    .description('Scheduled backups that go straight from the source into S3, through a queue')
    .version(`backstream ${metadata.version}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .addHelpCommand(helpCommand())
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
      outputError: () => {},
      getOutHelpWidth: () => context.stdout.columns ?? 100,
      getOutHasColors: () => context.stdout.isTTY === true && !context.env['NO_COLOR'],
    })
  for (const option of globalOptions()) program.addOption(option)
  program.hook('preAction', (_, command) => {
    const { config, quiet } = command.optsWithGlobals<GlobalOptions>()
    const note = addEnvironmentFile(context.env, config)
    if (note !== null && !quiet) context.stderr.write(`${note}\n`)
  })
  const add = (...commands: Command[]) => {
    for (const command of commands) program.addCommand(command.copyInheritedSettings(program))
  }
  program.commandsGroup('Set up')
  add(defineInit(context), defineValidate(context), defineDoctor(context))
  add(defineCompletion(context), defineMan(context))
  program.commandsGroup('Serve')
  add(defineUp(context), defineScheduler(context), defineWorker(context))
  add(defineBoard(context), defineHealth(context))
  program.commandsGroup('Back up')
  add(defineRun(context), defineStatus(context), ...defineControlRuns(context))
  program.commandsGroup('Look and restore')
  add(defineList(context), defineShow(context), ...defineLook(context), defineRestore(context))
  program.commandsGroup('Maintain')
  add(defineVerify(context), defineDrill(context))
  add(definePrune(context), defineSweep(context), defineReport(context))
  add(...defineMarks(context), defineNotify(context))
  for (const name of Object.keys(otherNames)) addOtherName(program, name)
  return program
}

function helpCommand(): Command {
  return new Command('help')
    .argument('[command]')
    .description('show help for a command')
    .helpGroup('Set up')
}

function globalOptions(): Option[] {
  return [
    new Option(
      '-c, --config <file>',
      'configuration, - for standard input (default: $BACKSTREAM_CONFIG, ./backstream.yaml, /etc/backstream/backstream.yaml)',
    ),
    new Option('-q, --quiet', 'print results and errors only'),
    new Option('-v, --verbose', 'print details'),
    new Option('--json', 'print one JSON document instead of text'),
    new Option('--log-format <format>', 'text or json (default: text on a terminal)').choices([
      'text',
      'json',
    ]),
  ]
}

function addOtherName(program: Command, name: string): void {
  program
    .command(name, { hidden: true })
    .argument('[args...]')
    .allowUnknownOption()
    .action(() => {
      throw new CliError('usage', `unknown command '${name}'`, { remedy: otherNames[name] ?? '' })
    })
}
