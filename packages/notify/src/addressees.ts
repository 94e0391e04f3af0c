import type { Config, NotifyConfig } from '@backstream/config'
import type { NotificationEvent } from '@backstream/jobs'

/** Names of those the configuration wants told of this event of this plan, in its order. */
export function addresseesOf(
  config: Pick<Config, 'notify' | 'plans'>,
  about: { readonly plan: string; readonly event: NotificationEvent },
): string[] {
  const plan = config.plans.find(({ name }) => name === about.plan)
  return (plan?.notify ?? everybodyElse(config)).filter((name) => {
    const notifier = config.notify[name]
    return notifier !== undefined && hears(notifier, about.event)
  })
}

/** Of a plan that is in no configuration; a ping stands for plans that are. */
function everybodyElse({ notify }: Pick<Config, 'notify'>): string[] {
  return Object.keys(notify).filter((name) => notify[name]?.kind !== 'ping')
}

function hears({ kind, on }: NotifyConfig, event: NotificationEvent): boolean {
  switch (event) {
    case 'test':
      return true
    case 'started':
      // Where the end is not told a start would be an alarm some time later.
      return kind === 'ping' && on.includes('succeeded')
    case 'recovered':
      // Where every good run is told, recovery is no news: a second success would end the next run.
      return on.includes(event) && !(kind === 'ping' && on.includes('succeeded'))
    default:
      return on.includes(event)
  }
}
