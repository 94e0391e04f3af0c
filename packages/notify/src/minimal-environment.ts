/** What a command inherits; everything else, the secrets of plans above all, it does not get. */
const inherited = /^(PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TZ|LANG|LC_[A-Z]+)$/

export function minimalEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const entries = Object.entries(environment)
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => {
      return entry[1] !== undefined && inherited.test(entry[0])
    }),
  )
}
