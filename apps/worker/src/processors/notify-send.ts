import type { NotifySendPayload } from '@backstream/jobs'
import { eventDocument, sendNotification } from '@backstream/notify'
import { type ActiveRun, QueueError } from '@backstream/queue'
import type { WorkerContext } from '../worker-context.ts'

/** `notify.send`: tell one notifier of one event. Fails, and so is tried again, until it has said yes. */
export async function processNotifySend(
  context: WorkerContext,
  run: ActiveRun<NotifySendPayload>,
): Promise<void> {
  const { to, notification } = run.payload
  const { config, tool } = context
  const notifier = config.notify[to]
  if (!notifier) {
    throw new QueueError(
      'unknown-notifier',
      `There is no notifier named ${to} in the configuration of ${context.workerName}`,
      { remedy: `Add it to \`notify\`, or see which worker still has it.` },
    )
  }
  const document = eventDocument(notification, { installation: config.name, tool })
  await sendNotification({ name: to, notifier }, document, {
    resolveSecret: context.resolveSecret,
    environment: context.environment,
    signal: run.signal,
  })
  await run.log(`${to} was told: ${document.title}`)
}
