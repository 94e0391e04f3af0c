import { describeDuration, formatBytes } from '@backstream/config'
import type { RunPhase, RunProgress, RunStage } from '@backstream/jobs'
import type { RunOutcome } from '../actions/follow-run.ts'
import type { Paint } from './paint.ts'
import { plainText } from './plain-text.ts'

const phases: Readonly<Record<RunPhase, string>> = {
  preflight: 'looking at the sources',
  streaming: 'reading and storing',
  checking: 'checking what was stored',
  committing: 'committing',
  verifying: 'reading back',
  restoring: 'restoring',
  cleaning: 'cleaning up',
}

const waitsFor: Readonly<Record<RunStage, string>> = {
  source: 'the source',
  compress: 'compression',
  upload: 'the store',
}

/** What stands behind the bar of a run. */
export function describeProgress(progress: RunProgress): string {
  if (progress.phase !== 'streaming') return phases[progress.phase]
  const { bytesRead, bytesTotal, entries, bytesPerSecond, etaSeconds } = progress
  const total = bytesTotal === null ? '' : ` of ${formatBytes(bytesTotal)}`
  const left = etaSeconds === null ? '' : `, ${describeDuration(etaSeconds * 1000)} left`
  const slowest = progress.slowest ? `, waits for ${waitsFor[progress.slowest]}` : ''
  return `${formatBytes(bytesRead)}${total}, ${entries} entries, ${formatBytes(bytesPerSecond)}/s${left}${slowest}`
}

/** The line that stays of a run. */
export function describeOutcome(outcome: RunOutcome, paint: Paint): string {
  const { plan, result, cause } = outcome
  if (result?.outcome !== 'committed') {
    const isWanted = outcome.outcome === 'skipped' || outcome.outcome === 'cancelled'
    const word = isWanted ? paint.warn(outcome.outcome) : paint.bad(outcome.outcome)
    return `${plan}: ${word}: ${plainText(cause ?? 'nobody knows why')}`
  }
  const word = result.status === 'good' ? paint.good('good') : paint.warn('suspect')
  const warnings = result.warnings > 0 ? `, ${result.warnings} warnings` : ''
  return `${plan}: ${word}: ${plan}/${result.backup}, ${result.entries} entries, ${formatBytes(result.bytes)}, ${formatBytes(result.storedBytes)} stored, in ${describeDuration(result.durationMs)}${warnings}`
}
