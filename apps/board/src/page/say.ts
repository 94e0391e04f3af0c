import { describeDuration } from '@backstream/config'
import { type Html, html } from './html.ts'

/** Times in words for people, exact for machines. */
export interface Say {
  /** Date and time with its zone. */
  time(ms: number): Html
  /** How long ago or ahead, with the time itself to be had by pointing at it. */
  ago(ms: number, nowMs: number): Html
  plainDate(ms: number): string
  /** Without its year, for what is near. */
  short(ms: number): Html
}

/** Local time with its zone; that of the process when `timeZone` is undefined. */
export function createSay(timeZone: string | undefined): Say {
  const format = new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
    ...(timeZone !== undefined && { timeZone }),
  })
  const short = new Intl.DateTimeFormat('en-GB', {
    ...{ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
    timeZoneName: 'short',
    ...(timeZone !== undefined && { timeZone }),
  })
  const date = new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    ...(timeZone !== undefined && { timeZone }),
  })
  const iso = (ms: number) => new Date(ms).toISOString()
  return {
    plainDate: (ms) => date.format(ms),
    time: (ms) => html`<time datetime="${iso(ms)}">${format.format(ms)}</time>`,
    short: (ms) =>
      html`<time datetime="${iso(ms)}" title="${format.format(ms)}">${short.format(ms)}</time>`,
    ago: (ms, nowMs) =>
      html`<time datetime="${iso(ms)}" title="${format.format(ms)}">${distance(ms - nowMs)}</time>`,
  }
}

function distance(ms: number): string {
  const words = describeDuration(Math.abs(ms))
  return ms > 0 ? `in ${words}` : `${words} ago`
}
