/**
 * Tells open pages that something has changed, by server-sent events: the page then asks for itself
 * again. One look for all of them, however many are open; none while there are none.
 */
import { createHash } from 'node:crypto'
import type { RequestHandler, Response } from 'express'
import type { BoardState } from '../state/board-state.ts'

export interface LiveEvents extends Disposable {
  readonly handler: RequestHandler
}

const everyMs = 2_000
/** Ages are told in minutes: a page is drawn anew once in a while though nothing has happened. */
const refreshEveryLooks = 15
const listenersAtMost = 200

export function createLiveEvents(state: BoardState): LiveEvents {
  const listeners = new Set<Response>()
  let timer: NodeJS.Timeout | undefined
  let told = ''
  let looks = 0

  async function look(): Promise<void> {
    await state.fresh()
    const seen = fingerprint(state)
    looks += 1
    if (seen !== told || looks % refreshEveryLooks === 0) {
      for (const listener of listeners) listener.write('event: changed\ndata: \n\n')
    }
    told = seen
    if (listeners.size > 0) timer = setTimeout(() => void look(), everyMs).unref()
    else timer = undefined
  }

  return {
    handler(request, response) {
      if (listeners.size >= listenersAtMost) return void response.status(503).end()
      response.set({
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-store',
        'X-Accel-Buffering': 'no',
      })
      response.flushHeaders()
      response.write('retry: 3000\n\n')
      listeners.add(response)
      request.on('close', () => listeners.delete(response))
      timer ??= setTimeout(() => void look(), everyMs).unref()
    },
    [Symbol.dispose]() {
      clearTimeout(timer)
      for (const listener of listeners) listener.end()
      listeners.clear()
    },
  }
}

/** Of all that a page would show differently, but for what time alone changes. */
function fingerprint(state: BoardState): string {
  const { plans, going, queues, unknownPlans } = state.overview()
  const rows = plans.map(({ plan, state: is, newestGood, lastRun, nextRunMs, backups, proved }) => [
    ...[plan, is, newestGood?.backup, lastRun?.outcome, lastRun?.atMs],
    ...[nextRunMs, backups, proved?.atMs],
  ])
  const runs = going.map(({ ref, state: is, progress }) => [ref.jobId, is, progress?.bytesRead])
  const seen = JSON.stringify([rows, runs, queues, unknownPlans])
  return createHash('sha256').update(seen).digest('base64')
}
