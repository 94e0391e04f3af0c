import { realpathSync } from 'node:fs'
import { dirname, parse, resolve } from 'node:path'
import { CliError } from '../cli-error.ts'

export interface RestoreTarget {
  readonly to: string
  readonly plan: string
  /** What `--yes` said. */
  readonly yes: string | undefined
  /** $HOME. */
  readonly home: string | undefined
}

/**
 * The directory to restore into, absolute. The root of the file system and the home directory are
 * refused unless `--yes` names the plan, however they are spelt and whatever link leads there.
 */
export function checkRestoreTarget({ to, plan, yes, home }: RestoreTarget): string {
  if (yes !== undefined && yes !== plan) {
    throw new CliError('usage', `--yes ${yes} does not name the plan that is restored`, {
      remedy: `Say --yes ${plan}, if that is what you mean.`,
    })
  }
  const absolute = resolve(to)
  const real = realPath(absolute)
  const isRoot = real === parse(real).root
  const isHome = home !== undefined && home !== '' && real === realPath(resolve(home))
  if ((!isRoot && !isHome) || yes === plan) return absolute
  throw new CliError('refused', `${absolute} is ${isRoot ? 'the root' : 'your home directory'}`, {
    remedy: `Name a new or empty directory; or say --yes ${plan} if you mean it.`,
  })
}

/** Of what exists on the way: the rest is still to be made. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) return path
    return resolve(realPath(dirname(path)), path.slice(dirname(path).length).replace(/^\/+/, ''))
  }
}
