import { createHash } from 'node:crypto'
import type { MailConfig } from '@backstream/config'
import type { EventDocument } from './event-document.ts'
import { NotifyError, systemCodeOf } from './notify-error.ts'

export interface Mail {
  readonly who: string
  readonly config: MailConfig
  readonly password: string | null
  readonly signal: AbortSignal
}

const waitMs = 15_000

/** Resolves when the server has taken the mail for every recipient. */
export async function sendMail(mail: Mail, document: EventDocument): Promise<void> {
  const { who, config, password, signal } = mail
  const { from, to, smtp } = config
  signal.throwIfAborted()
  // Loaded by whoever sends mail, and by nobody else.
  const { createTransport } = await import('nodemailer')
  const transport = createTransport({
    host: smtp.host,
    ...(smtp.port === null ? {} : { port: smtp.port }),
    secure: smtp.tls,
    // A password goes over an encrypted connection or not at all.
    requireTLS: password !== null && !smtp.tls,
    ...(smtp.user === null ? {} : { auth: { user: smtp.user, pass: password ?? '' } }),
    connectionTimeout: waitMs,
    greetingTimeout: waitMs,
    socketTimeout: waitMs,
    dnsTimeout: waitMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  try {
    const { rejected } = await transport.sendMail({
      from,
      to: [...to],
      subject: `[${document.installation}] ${document.title}`,
      text: textOf(document),
      // Sent twice, it is one mail for whoever looks at ids.
      messageId: `<${createHash('sha256').update(document.id).digest('hex')}@backstream>`,
    })
    if (rejected.length > 0) throw refused(who, 'does not take it for every recipient')
  } catch (error) {
    throw error instanceof NotifyError ? error : translate(error, who)
  } finally {
    transport.close()
  }
}

function textOf({ text, plan, event, at, backup, run, installation, tool }: EventDocument): string {
  const facts = [
    ['plan', plan],
    ['event', event],
    ['at', at],
    ['backup', backup],
    ['run', run],
    ['installation', installation],
  ].filter(([, value]) => value !== null)
  const lines = facts.map(([name = '', value]) => `${`${name}:`.padEnd(14)}${value}`)
  return `${text}\n\n${lines.join('\n')}\n\n-- \n${tool.name} ${tool.version}\n`
}

function translate(error: unknown, who: string): NotifyError {
  const { responseCode } = error as { readonly responseCode?: unknown }
  if (typeof responseCode === 'number') {
    return refused(who, `answers ${responseCode}`, responseCode >= 500)
  }
  return new NotifyError('unreachable', `${who} cannot be reached (${systemCodeOf(error)})`, {
    remedy: 'See that host and port of smtp are right, and whether it wants TLS.',
  })
}

function refused(who: string, how: string, permanent = false): NotifyError {
  return new NotifyError('rejected', `${who}: the mail server ${how}`, {
    permanent,
    remedy: 'See that user, password, sender and recipients are right.',
  })
}
