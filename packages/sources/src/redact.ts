/** Replaces what must not be seen: the given secrets, and what looks like one. */
export type Redact = (text: string) => string

const mask = '[redacted]'

/** `password=…`, `PGPASSWORD: "…"`, `--password …`: a name, what sets it, and the value. */
const assignment =
  /((?:password|passwd|passphrase|pwd|secret|token|api[-_]?key|access[-_]?key)["']?\s*[=:]\s*|--?password\s+)("[^"\n]*"|'[^'\n]*'|[^\s&;,"']+)/gi
/** `scheme://user:password@host`, the password with whatever it holds up to the last `@`. */
const credentials = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s/]+(@)/gi

export function createRedact(secrets: readonly string[]): Redact {
  // The longest first: one secret may hold another. Very short ones would shred every text.
  const known = secrets
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .filter((secret) => secret.length >= 3)
    .sort((a, b) => b.length - a.length)
  return (text) => {
    let result = text
    for (const secret of known) result = result.replaceAll(secret, mask)
    return result.replace(credentials, `$1${mask}$2`).replace(assignment, `$1${mask}`)
  }
}
