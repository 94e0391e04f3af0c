import { linkOf, type QueueConnection } from './open-connection.ts'
import { knownQueues } from './queue-names.ts'
import { listSchedulers, readSchedule } from './read-schedule.ts'
import { translateError } from './translate-error.ts'

export interface ListedSchedule {
  readonly plan: string
  readonly queue: string
  /** When the next run is due; in the past when it waits for a worker. */
  readonly nextMs: number
  readonly pattern: string
}

/** Every schedule of the installation, in any queue. */
export async function listSchedules(connection: QueueConnection): Promise<ListedSchedule[]> {
  const link = linkOf(connection)
  const listed: ListedSchedule[] = []
  try {
    for (const queue of await knownQueues(link)) {
      for (const plan of await listSchedulers(link, queue)) {
        const { nextMs, pattern } = await readSchedule(link, queue, plan)
        if (nextMs !== null && pattern !== null) listed.push({ plan, queue, nextMs, pattern })
      }
    }
  } catch (error) {
    throw translateError(error, link.address)
  }
  return listed
}
