import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { type Config, type NotifyConfig, resolveSecret } from '@backstream/config'
import { eventDocument, sendNotification } from '@backstream/notify'
import metadata from '../../package.json' with { type: 'json' }
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'

/**
 * `notify NAME --test`: sent from here and now, so that what is wrong is said at once. What a worker
 * sends goes the same way, but with the worker's environment and network.
 */
export async function sendTest(session: Session, name: string): Promise<void> {
  const config = await session.config()
  const notifier = notifierNamed(config, name)
  const { env } = session.settings
  const plan = config.plans.find(({ notify }) => notify.includes(name)) ?? config.plans[0]
  const at = new Date(session.clock.now()).toISOString()
  const document = eventDocument(
    {
      id: `test/${randomUUID()}`,
      event: 'test',
      at,
      plan: plan?.name ?? 'test',
      text: `This is a test, sent by hand on ${hostname()}. Nothing is wrong.`,
      run: null,
      backup: null,
    },
    { installation: config.name, tool: { name: 'backstream', version: metadata.version } },
  )
  await sendNotification({ name, notifier }, document, {
    resolveSecret: (ref) => resolveSecret(ref, env),
    environment: env,
    signal: session.interruption(),
  })
  const { kind } = notifier
  if (session.json) session.printJson({ format: 'backstream.notify/1', to: name, kind, sentAt: at })
  else session.print(`${name} (${kind}) took the test\n`)
}

function notifierNamed({ notify, file }: Config, name: string): NotifyConfig {
  const notifier = Object.hasOwn(notify, name) ? notify[name] : undefined
  if (notifier) return notifier
  const names = Object.keys(notify).join(', ')
  throw new CliError('usage', `There is nobody named ${name} in \`notify\` of ${file}`, {
    remedy: names === '' ? 'Add one to `notify`.' : `There are: ${names}.`,
  })
}
