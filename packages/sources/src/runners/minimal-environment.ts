/** What a command inherits; everything else, secrets of other plans above all, it does not get. */
const inherited = /^(?:PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TZ|LANG|LANGUAGE|LC_[A-Z]+)$/
export const defaultPath: string = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** What every command on this machine gets. */
export function minimalEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const kept: Record<string, string> = { PATH: defaultPath }
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && inherited.test(name)) kept[name] = value
  }
  return kept
}
