import { type Html, html } from '../page/html.ts'
import type { Tone } from '../page/tone.ts'

/** How much of something is used up; the words beside it say the same. */
export function meter(part: number, tone: Tone): Html {
  const filled = Math.round(100 * Math.min(1, Math.max(0, part)))
  return html`<svg class="meter ${tone}" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="4"/><rect class="fill" width="${filled}" height="4"/></svg>`
}
