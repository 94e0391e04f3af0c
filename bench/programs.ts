import { execFileSync } from 'node:child_process'
import { basename, dirname, join } from 'node:path'
import { findProgram } from '@backstream/testkit'

const needed = {
  tar: { apt: 'tar', brew: 'gnu-tar' },
  zstd: { apt: 'zstd', brew: 'zstd' },
  aws: { apt: 'awscli', brew: 'awscli' },
  rclone: { apt: 'rclone', brew: 'rclone' },
  restic: { apt: 'restic', brew: 'restic' },
  python3: { apt: 'python3', brew: 'python' },
} as const

type Program = keyof typeof needed

export interface Programs {
  /** Where each of them lies. */
  readonly paths: Readonly<Record<Program, string>>
  /** First line of what each says to --version. */
  readonly versions: Readonly<Record<Program, string>>
}

/** Rejects with a sentence that names what is missing and how to get it. */
export function requirePrograms(): Programs {
  const names = Object.keys(needed) as Program[]
  const found = names.map((name) => [name, findProgram(name)] as const)
  const missing = found.flatMap(([name, path]) => (path === undefined ? [name] : []))
  if (missing.length > 0) {
    const packages = (from: 'apt' | 'brew') => missing.map((name) => needed[name][from]).join(' ')
    throw new Error(
      `To compare with, the bench needs ${missing.join(' and ')}: apt-get install ${packages('apt')}, or brew install ${packages('brew')}.`,
    )
  }
  const paths = Object.fromEntries(found.map(([name, path]) => [name, behindShim(path ?? name)]))
  const versions = Object.fromEntries(names.map((name) => [name, versionOf(paths[name] ?? name)]))
  return { paths, versions } as Programs
}

/** pyenv starts a shell script before the program: that time is not the program's own. */
function behindShim(path: string): string {
  const shims = dirname(path)
  if (!shims.endsWith('.pyenv/shims')) return path
  const pyenv = join(shims, '../bin/pyenv')
  return execFileSync(pyenv, ['which', basename(path)], { encoding: 'utf8' }).trim()
}

function versionOf(path: string): string {
  const ask = basename(path) === 'restic' ? 'version' : '--version'
  const said = execFileSync(path, [ask], { encoding: 'utf8' }).split('\n')[0] ?? ''
  // "aws-cli/1.45.11 Python/3.11.7 Linux/…" and "*** Zstandard CLI (64-bit) v1.5.4, by …"
  return (
    /^(aws-cli\/\S+ Python\/\S+)|(Zstandard CLI.* v[\d.]+)/.exec(said.replace(/^\*+ /, ''))?.[0] ??
    said
  )
}
