import type { Source } from './source.ts'
import { SourceError } from './source-error.ts'

/**
 * A source whose preflight tells as a problem among others what it would else throw: that the place
 * where it lies cannot be reached.
 */
export function withKnownProblems(source: Source): Source {
  return {
    ...source,
    async preflight(options) {
      try {
        return await source.preflight(options)
      } catch (error) {
        if (!(error instanceof SourceError)) throw error
        const { code, message, remedy = '', permanent } = error
        return [{ code, message, remedy, permanent }]
      }
    },
  }
}
