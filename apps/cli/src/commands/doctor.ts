import type { Config } from '@backstream/config'
import { Command, Option } from 'commander'
import type { Finding } from '../actions/examine.ts'
import { iamPolicy, type PolicyRole, policyRoles } from '../actions/iam-policy.ts'
import { type CommandContext, openSession, type Session } from '../command-context.ts'
import { exitStatus } from '../exit-status.ts'
import { plainText } from '../output/plain-text.ts'

interface DoctorOptions {
  readonly policy?: PolicyRole
}

export function defineDoctor(context: CommandContext): Command {
  return new Command('doctor')
    .description('probe Redis, stores, sources and clock; each finding with its remedy')
    .addOption(
      new Option('--policy <role>', 'print the IAM policy a role needs instead').choices(
        policyRoles,
      ),
    )
    .action((options: DoctorOptions, command: Command) =>
      doctor(openSession(context, command), options),
    )
}

async function doctor(session: Session, { policy }: DoctorOptions): Promise<void> {
  const config = await session.config()
  if (policy !== undefined) return printPolicy(session, config, policy)
  const { examine } = await import('../actions/examine.ts')
  const findings = await examine(session, config)
  const failed = findings.filter(({ level }) => level === 'error').length
  if (session.json) {
    session.printJson({ format: 'backstream.doctor/1', healthy: failed === 0, findings })
  } else {
    for (const finding of findings) session.print(render(session, finding))
    session.print(failed === 0 ? '\nready\n' : `\n${failed} to mend\n`)
  }
  if (failed > 0) session.endWith(exitStatus.failed)
}

function render({ paint }: Session, { about, level, message, remedy }: Finding): string {
  const words = {
    ok: paint.good('ok     '),
    warning: paint.warn('warning'),
    error: paint.bad('error  '),
  }
  const lines = [`${words[level]}  ${about}: ${plainText(message)}`]
  if (remedy !== null) lines.push(`         ${plainText(remedy)}`)
  return `${lines.join('\n')}\n`
}

/** The policy itself with `--json` too: it is what one gives to AWS, and can hold nothing else. */
function printPolicy(session: Session, config: Config, role: PolicyRole): void {
  const policy = iamPolicy(role, Object.values(config.storages))
  session.print(`${JSON.stringify(policy, null, 2)}\n`)
  if (role === 'writer') {
    session.note(
      'note: a writer may delete archives, since a failed attempt removes what it stored; versioning or object lock keeps those of good backups',
    )
  }
}
