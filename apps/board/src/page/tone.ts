import type { PlanState } from '@backstream/backup'
import { type Html, html } from './html.ts'

/** Never the only sign: a word stands wherever a tone does. */
export type Tone = 'good' | 'warn' | 'bad' | 'busy' | 'off'

export const stateWords: Readonly<Record<PlanState, string>> = {
  unknown: 'unknown',
  failed: 'failed',
  overdue: 'overdue',
  suspect: 'suspect',
  never: 'no backup yet',
  running: 'running',
  good: 'good',
  disabled: 'disabled',
}

export const stateTones: Readonly<Record<PlanState, Tone>> = {
  unknown: 'warn',
  failed: 'bad',
  overdue: 'bad',
  suspect: 'warn',
  never: 'warn',
  running: 'busy',
  good: 'good',
  disabled: 'off',
}

export function badge(tone: Tone, words: string): Html {
  return html`<span class="state ${tone}">${words}</span>`
}

export function stateBadge(state: PlanState): Html {
  return badge(stateTones[state], stateWords[state])
}
