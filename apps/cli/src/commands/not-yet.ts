import { Command } from 'commander'
import { notYet } from '../cli-error.ts'

/** Promised by the documentation, built by later versions: named, never silent. */
const promised = [['report', '--since D', 'the evidence: runs, backups, drills, gaps']] as const

export function defineNotYet(): Command[] {
  return promised.map(([name, usage, description]) =>
    new Command(name)
      .description(description)
      .usage(usage)
      .allowUnknownOption()
      .action(() => {
        throw notYet(`\`backstream ${name}\``)
      }),
  )
}
