import type { Path, ProblemReport } from './problem-report.ts'

const secretKeys = new Set(['secretAccessKey', 'sessionToken', 'password', 'clientSecret'])
const addressKeys = new Set(['redis', 'url', 'uri'])

/** A notice for every secret that stands in the file itself. `tree` is as written, not expanded. */
export function noteLiteralSecrets(tree: unknown, path: Path, report: ProblemReport): void {
  if (typeof tree !== 'object' || tree === null) return
  for (const [key, value] of Object.entries(tree)) {
    const at = [...path, Array.isArray(tree) ? Number(key) : key]
    if (typeof value !== 'string') noteLiteralSecrets(value, at, report)
    else if (isLiteralSecret(key, value)) {
      report.notice(at, {
        message: 'a secret stands in the file itself',
        remedy: 'keep it elsewhere: { env: NAME } or { file: /path }',
      })
    }
  }
}

function isLiteralSecret(key: string, value: string): boolean {
  if (value.includes('${')) return false
  if (secretKeys.has(key)) return true
  return addressKeys.has(key) && URL.canParse(value) && new URL(value).password !== ''
}
