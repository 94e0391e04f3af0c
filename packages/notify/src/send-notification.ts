import type { NotifyConfig, SecretRef } from '@backstream/config'
import type { EventDocument } from './event-document.ts'
import { parseAddress, sendHttp } from './http-request.ts'
import { minimalEnvironment } from './minimal-environment.ts'
import { sendPing } from './ping.ts'
import { runCommand } from './run-command.ts'
import { sendMail } from './send-mail.ts'

export interface NotifyDeps {
  /** Reads a secret at the moment it is needed. */
  resolveSecret(ref: SecretRef): Promise<string>
  /** What commands inherit PATH, HOME and the like from. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

/**
 * Tells one notifier, once, and resolves when it has said that it knows. Rejects with `NotifyError` or
 * `SecretError`, neither of which holds a secret. An attempt that rejects may have arrived after all:
 * the document's `id` is the same each time.
 */
export async function sendNotification(
  to: { readonly name: string; readonly notifier: NotifyConfig },
  document: EventDocument,
  deps: NotifyDeps,
): Promise<void> {
  const { name, notifier } = to
  const who = `the ${notifier.kind} ${name}`
  const { signal, resolveSecret } = deps
  switch (notifier.kind) {
    case 'ping': {
      const url = parseAddress(await resolveSecret(notifier.url), who)
      return await sendPing({ who, url, signal }, document)
    }
    case 'webhook':
      return await sendHttp({
        who,
        url: parseAddress(await resolveSecret(notifier.url), who),
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(await resolveAll(notifier.headers, deps)),
        },
        body: JSON.stringify(document),
        signal,
      })
    case 'command':
      return await runCommand({
        who,
        argv: notifier.argv,
        env: {
          ...minimalEnvironment(deps.environment),
          ...(await resolveAll(notifier.env, deps)),
        },
        input: `${JSON.stringify(document)}\n`,
        signal,
      })
    case 'mail': {
      const { password } = notifier.smtp
      return await sendMail(
        {
          who,
          config: notifier,
          password: password === null ? null : await resolveSecret(password),
          signal,
        },
        document,
      )
    }
  }
}

/** Says that all is well, to whoever takes silence for an alarm. Rejects as `sendNotification` does. */
export async function sendHeartbeat(
  url: SecretRef,
  { resolveSecret, signal }: Pick<NotifyDeps, 'resolveSecret' | 'signal'>,
): Promise<void> {
  const who = 'the heartbeat'
  const address = parseAddress(await resolveSecret(url), who)
  await sendHttp({ who, url: address, method: 'GET', signal })
}

async function resolveAll(
  refs: Readonly<Record<string, SecretRef>>,
  { resolveSecret }: NotifyDeps,
): Promise<Record<string, string>> {
  const values: Record<string, string> = {}
  for (const [name, ref] of Object.entries(refs)) values[name] = await resolveSecret(ref)
  return values
}
