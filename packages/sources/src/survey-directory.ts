/** What is to be known of a directory elsewhere before it is read. */
import type { DirectorySourceConfig } from '@backstream/config'
import { ask } from './runners/ask.ts'
import type { Runner } from './runners/runner.ts'
import { SourceError } from './source-error.ts'

export interface DirectorySurvey {
  /** `missing`, `no-directory`, `forbidden`, `empty`, `no-tar`. */
  readonly faults: readonly string[]
  /** GNU tar 1.28 or newer: it sorts names by itself, and leaves out what it is told to. */
  readonly sortsNames: boolean
  /** What tar calls itself. */
  readonly tar: string
  /** File systems of the kernel's making at or below the root: their paths below it, '' for the root. */
  readonly pseudo: readonly { readonly path: string; readonly type: string }[]
}

/** One line for each thing found. Paths in /proc/self/mounts have no blanks: they are `\040` there. */
const script = `
if [ ! -e "$1" ]; then echo fault missing; exit 0; fi
if [ ! -d "$1" ]; then echo fault no-directory; exit 0; fi
if [ ! -r "$1" ] || ! cd -- "$1" 2>/dev/null; then echo fault forbidden; exit 0; fi
if [ -z "$(ls -A . | head -n 1)" ]; then echo fault empty; fi
echo "root $(pwd -P)"
if command -v tar >/dev/null; then echo "tar $(tar --version 2>&1 | head -n 1)"; else echo fault no-tar; fi
while read -r d m t r; do
  case $t in proc|sysfs|cgroup|cgroup2) echo "mount $t $m";; esac
done 2>/dev/null </proc/self/mounts
exit 0
`

export async function surveyDirectory(
  runner: Runner,
  { path }: Pick<DirectorySourceConfig, 'path'>,
  { signal }: { readonly signal: AbortSignal },
): Promise<DirectorySurvey> {
  const { stdout, status, stderr } = await ask(
    runner,
    { argv: ['sh', '-c', script, 'sh', path] },
    { signal },
  )
  if (status !== 0) {
    throw new SourceError(
      'source-failed',
      `${path} cannot be looked at ${runner.place}: ${stderr}`,
      {
        remedy: 'Go there by hand, and mend what it reports.',
      },
    )
  }
  const lines = stdout.toString().split('\n')
  const after = (word: string): string[] =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1))
  const [root = path] = after('root')
  const [tar = ''] = after('tar')
  return {
    faults: after('fault'),
    tar,
    sortsNames: isSortingTar(tar),
    pseudo: after('mount').flatMap((line) => {
      const [type = '', point = ''] = line.split(' ')
      const below = pathBelow(root, unescapeMount(point))
      return below === null ? [] : [{ path: below, type }]
    }),
  }
}

/** `tar (GNU tar) 1.34`: `--sort` came with 1.28. */
function isSortingTar(version: string): boolean {
  const [, major = '0', minor = '0'] = /\(GNU tar\) (\d+)\.(\d+)/.exec(version) ?? []
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 28)
}

function unescapeMount(point: string): string {
  return point.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}

function pathBelow(root: string, path: string): string | null {
  if (path === root) return ''
  const base = root === '/' ? '/' : `${root}/`
  return path.startsWith(base) ? path.slice(base.length) : null
}
