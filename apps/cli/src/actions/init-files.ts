import { access, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CliError } from '../cli-error.ts'
import { environmentFileOf, renderVariable } from '../environment-file.ts'

export interface InitFiles {
  readonly config: { readonly path: string; readonly text: string; readonly mayReplace: boolean }
  /** Without any, and none missing, there is no `.env`. */
  readonly variables: Readonly<Record<string, string>>
  /** To be filled in by hand. */
  readonly missing: readonly string[]
  readonly key: { readonly identity: string; readonly recipient: string } | null
}

export interface WrittenFiles {
  readonly environmentFile: string | null
  readonly keyFile: string | null
}

/** Beside the configuration. */
export function keyFileOf(config: string): string {
  return join(dirname(config), 'age.key')
}

/** Refuses what would be overwritten: a key that is gone is every backup of it gone. */
export async function refuseOverwriting(paths: readonly string[]): Promise<void> {
  const there: string[] = []
  for (const path of paths) if (await isThere(path)) there.push(path)
  if (there.length === 0) return
  const are = there.length === 1 ? 'is' : 'are'
  throw new CliError('refused', `${there.join(', ')} ${are} there already`, {
    remedy:
      'Name another file, in another directory, with --config; --force replaces a configuration, and never a key or a .env.',
  })
}

/** Writes all of them, secrets for this user only, or none. */
export async function writeInitFiles(files: InitFiles): Promise<WrittenFiles> {
  const { config, variables, missing, key } = files
  const written: string[] = []
  const write = async (path: string, text: string, mode: number) => {
    await writeFile(path, text, {
      mode,
      flag: path === config.path && config.mayReplace ? 'w' : 'wx',
    })
    written.push(path)
  }
  const lines = [
    ...Object.entries(variables).map(([name, value]) => renderVariable(name, value)),
    ...missing.map((name) => `# ${name}=\n`),
  ]
  const environmentFile = lines.length > 0 ? environmentFileOf(config.path) : null
  const keyFile = key ? keyFileOf(config.path) : null
  let current = ''
  try {
    if (key && keyFile !== null) {
      current = keyFile
      await write(keyFile, `# public key: ${key.recipient}\n${key.identity}\n`, 0o600)
    }
    if (environmentFile !== null) {
      current = environmentFile
      await write(environmentFile, lines.join(''), 0o600)
    }
    current = config.path
    await write(config.path, config.text, 0o644)
  } catch (cause) {
    for (const path of written) await rm(path, { force: true })
    throw new CliError('failed', `${current} cannot be written`, {
      cause,
      remedy: 'See that this user may write into the directory. Nothing was left behind.',
    })
  }
  return { environmentFile, keyFile }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch (error) {
    // What cannot be looked at will say so when it is written.
    return (error as NodeJS.ErrnoException).code === 'EACCES'
  }
}
