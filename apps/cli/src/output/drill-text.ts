import { describeDuration, formatBytes } from '@backstream/config'
import type { Paint } from './paint.ts'
import { plainText } from './plain-text.ts'

/** How a drill went, wherever it was done. */
export interface DrillOutcome {
  readonly plan: string
  readonly backup: string
  readonly isPassed: boolean
  readonly restoreMs: number
  readonly bytes: number
  readonly checks: readonly {
    readonly name: string
    readonly isPassed: boolean
    readonly words: string
  }[]
}

export function describeDrill(drill: DrillOutcome, paint: Paint): string {
  const { plan, backup, isPassed, restoreMs, bytes, checks } = drill
  const lines = checks.map((check) => {
    const word = check.isPassed ? paint.good('passed') : paint.bad('FAILED')
    return `  ${word}  ${check.name}: ${plainText(check.words)}\n`
  })
  const time = `${formatBytes(bytes)} restored in ${describeDuration(restoreMs)}`
  const verdict = isPassed ? paint.good('drill passed') : paint.bad('drill FAILED')
  return `${lines.join('')}${plan}/${backup}: ${verdict}: ${time}\n`
}
