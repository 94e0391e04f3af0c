/** Replaces what must not be seen: the given secrets, and what looks like one. */
export type Redact = (text: string, options?: RedactOptions) => string

export interface RedactOptions {
  /** The text is the end of a longer one: it may begin with the rest of a secret. */
  readonly isCut?: boolean
}

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
  return (text, { isCut = false } = {}) => {
    let result = isCut ? withoutRest(text, known) : text
    for (const secret of known) result = result.replaceAll(secret, mask)
    return result.replace(credentials, `$1${mask}$2`).replace(assignment, `$1${mask}`)
  }
}

/** Takes off the front what may be the end of a secret that was cut in two. */
function withoutRest(text: string, secrets: readonly string[]): string {
  let cut = 0
  for (const secret of secrets) {
    for (let at = 1; at < secret.length; at++) {
      const rest = secret.length - at
      if (rest > cut && text.startsWith(secret.slice(at))) cut = rest
    }
  }
  return cut === 0 ? text : mask + text.slice(cut)
}
