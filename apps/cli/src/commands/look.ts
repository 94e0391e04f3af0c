import { Command } from 'commander'
import { type CommandContext, openSession } from '../command-context.ts'
import { identityOption } from './identity-option.ts'

/** Commands that look into backups by their index, without fetching the archive. */
export function defineLook(context: CommandContext): Command[] {
  return [defineLs(context), defineCat(context), defineFind(context), defineDiff(context)]
}

function defineLs(context: CommandContext): Command {
  return new Command('ls')
    .description('what is in a backup')
    .argument('<ref>', 'PLAN, PLAN/latest or PLAN/ID')
    .argument('[path...]', 'what lies in it (default: the root)')
    .addOption(identityOption())
    .option('-r, --recursive', 'and all below')
    .action(
      async (
        ...[ref, paths, flags, command]: [string, string[], { recursive?: boolean }, Command]
      ) => {
        const { ls } = await import('../actions/ls.ts')
        const isRecursive = flags.recursive === true
        await ls(openSession(context, command), { ref, paths, isRecursive })
      },
    )
}

function defineCat(context: CommandContext): Command {
  return new Command('cat')
    .description('one file of a backup, to standard output')
    .argument('<ref>', 'PLAN, PLAN/latest or PLAN/ID')
    .argument('<path>', 'as `ls` shows it')
    .addOption(identityOption())
    .action(async (...[ref, path, , command]: [string, string, unknown, Command]) => {
      const { cat } = await import('../actions/cat.ts')
      await cat(openSession(context, command), ref, path)
    })
}

function defineFind(context: CommandContext): Command {
  return new Command('find')
    .description('in which backups of a plan a file is')
    .argument('<plan>', 'a plan that has backups')
    .argument('<glob>', 'of names, or of paths where it has a slash')
    .addOption(identityOption())
    .action(async (...[plan, glob, , command]: [string, string, unknown, Command]) => {
      const { find } = await import('../actions/find.ts')
      await find(openSession(context, command), plan, glob)
    })
}

function defineDiff(context: CommandContext): Command {
  return new Command('diff')
    .description('what changed between two backups')
    .argument('<from>', 'the older: PLAN/ID')
    .argument('<to>', 'the newer: PLAN, PLAN/latest or PLAN/ID')
    .addOption(identityOption())
    .action(async (...[from, to, , command]: [string, string, unknown, Command]) => {
      const { diff } = await import('../actions/diff.ts')
      await diff(openSession(context, command), from, to)
    })
}
