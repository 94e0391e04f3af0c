import type { Mark } from '@backstream/backup'
import { Command } from 'commander'
import { type CommandContext, openSession } from '../command-context.ts'

const descriptions: Readonly<Record<Mark, string>> = {
  pin: 'keep a backup for ever, whatever retention says',
  unpin: 'undo pin',
  accept: 'say that a suspect backup is good after all',
}

export function defineMarks(context: CommandContext): Command[] {
  return (['pin', 'unpin', 'accept'] as const).map((mark) =>
    new Command(mark)
      .description(descriptions[mark])
      .argument('<ref>', mark === 'accept' ? 'PLAN/ID' : 'PLAN, PLAN/latest or PLAN/ID')
      .action(async (ref: string, _flags: unknown, command: Command) => {
        const { markRef } = await import('../actions/mark.ts')
        await markRef(openSession(context, command), ref, mark)
      }),
  )
}
