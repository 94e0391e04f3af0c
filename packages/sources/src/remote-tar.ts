/** How tar is called elsewhere, so that its entries come in the order of an archive: sorted by name. */
import { type ByteString, decodeByteString } from '@backstream/archive/tar'
import type { DirectorySourceConfig } from '@backstream/config'
import { DescentFilter, type DescentOptions } from './descent-filter.ts'
import { ask } from './runners/ask.ts'
import type { CommandRequest, Runner } from './runners/runner.ts'
import { SourceError } from './source-error.ts'
import type { DirectorySurvey } from './survey-directory.ts'

/** GNU tar, which sorts; everything that may be left out is left out as it arrives. */
export function sortingTar(
  config: DirectorySourceConfig,
  survey: DirectorySurvey,
): Pick<CommandRequest, 'argv'> {
  const leavesOut =
    config.exclude.length > 0 ||
    config.include.length > 0 ||
    config.excludeFile !== null ||
    config.excludeCaches ||
    config.excludeIfPresent.length > 0 ||
    config.excludeLargerThanBytes !== null
  return {
    argv: [
      ...['tar', '--create', '--file=-', '--sort=name'],
      // With the fractions of times, which its own format lacks.
      ...['--format=posix', '--pax-option=delete=atime,delete=ctime'],
      ...(config.oneFileSystem ? ['--one-file-system'] : []),
      ...(config.onUnreadable === 'skip' ? ['--ignore-failed-read'] : []),
      // A link to a name that is left out would lead nowhere.
      ...(leavesOut ? ['--hard-dereference'] : []),
      ...['--anchored', '--wildcards'],
      ...survey.pseudo.map(({ path }) => `--exclude=./${escapeGlob(path)}/*`),
      `--directory=${config.path}`,
      '.',
    ],
  }
}

/** Any other tar, called again and again with names that were sorted here. */
const listedScript = `
cd -- "$1" || exit 2; s=0; n=0; set --
while IFS= read -r f; do
  set -- "$@" "$f"; n=$((n+1))
  if [ $n = 200 ]; then tar -c -f - --no-recursion "$@" || s=$?; set --; n=0; fi
done
if [ $n -gt 0 ]; then tar -c -f - --no-recursion "$@" || s=$?; fi
exit $s
`

/** Names of one tree that are held in memory while it is read. */
const maxListBytes = 64 << 20

/**
 * A tar that does not sort: the names are listed first, chosen and sorted here, and handed over. Null
 * when none is chosen.
 */
export async function listedTar(
  config: DirectorySourceConfig,
  survey: DirectorySurvey,
  options: DescentOptions & { readonly runner: Runner; readonly signal: AbortSignal },
): Promise<Pick<CommandRequest, 'argv' | 'stdin'> | null> {
  const { runner, signal } = options
  const prune = survey.pseudo.flatMap(({ path }) => ['-path', `./${escapeGlob(path)}`, '-o'])
  const pruned =
    prune.length === 0
      ? []
      : ['(', ...prune.slice(0, -1), ')', '-prune', '-type', 'd', '-print0', '-o']
  const find = ['find', '.', ...(config.oneFileSystem ? ['-xdev'] : []), ...pruned]
  const list = async (...what: string[]): Promise<ByteString[]> => {
    const argv = [...find, ...what, '-print0']
    const { stdout } = await ask(
      runner,
      { argv, cwd: config.path },
      { signal, maxBytes: maxListBytes },
    )
    return stdout
      .toString('latin1')
      .split('\0')
      .filter((name) => name.startsWith('./'))
  }
  const directories = new Set(await list('-type', 'd'))
  const others = await list('!', '-type', 'd')
  const filter = new DescentFilter<ByteString>(options)
  const names = [...directories, ...others].sort(inArchiveOrder)
  const chosen = names.flatMap((name) => [
    ...filter.next(name.slice(2), directories.has(name), name),
  ])
  const broken = chosen.find((name) => name.includes('\n'))
  if (broken !== undefined) throw newlineIn(broken, runner.place)
  const root = config.at === '' ? [] : ['.']
  if (root.length + chosen.length === 0) return null
  return {
    argv: ['sh', '-c', listedScript, 'sh', config.path],
    stdin: linesOf([...root, ...chosen]),
  }
}

function newlineIn(name: ByteString, place: string): SourceError {
  return new SourceError(
    'source-unreadable',
    `${JSON.stringify(decodeByteString(name))} holds a newline, and the tar ${place} takes no such names`,
    { permanent: true, remedy: 'Install GNU tar there, rename it, or exclude it.' },
  )
}

async function* linesOf(names: readonly ByteString[]): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < names.length; at += 1000) {
    yield Buffer.from(`${names.slice(at, at + 1000).join('\n')}\n`, 'latin1')
  }
}

/** By the bytes of the path's components: a zero byte is less than any byte of a name. */
function inArchiveOrder(a: ByteString, b: ByteString): number {
  const [left, right] = [a.replaceAll('/', '\0'), b.replaceAll('/', '\0')]
  if (left === right) return 0
  return left < right ? -1 : 1
}

function escapeGlob(path: string): string {
  return path.replace(/[*?[\]\\]/g, '\\$&')
}

/** Directories that hold a file which leaves everything else in them out, and which file that is. */
export async function findTags(
  { path, excludeCaches, excludeIfPresent }: DirectorySourceConfig,
  { runner, signal }: { readonly runner: Runner; readonly signal: AbortSignal },
): Promise<ReadonlyMap<ByteString, ByteString>> {
  const names = excludeIfPresent.flatMap((name) => ['-name', escapeGlob(name), '-print0', '-o'])
  // One by one: busybox forgets `{} +` inside of parentheses.
  const caches = ['-name', 'CACHEDIR.TAG', '-exec', 'sh', '-c', cacheScript, 'sh', '{}', ';', '-o']
  const tests = [...names, ...(excludeCaches ? caches : [])].slice(0, -1)
  if (tests.length === 0) return new Map()
  const argv = ['find', '.', '(', ...tests, ')']
  const { stdout } = await ask(runner, { argv, cwd: path }, { signal, maxBytes: maxListBytes })
  const found = stdout
    .toString('latin1')
    .split('\0')
    .filter((name) => name.startsWith('./'))
    .sort()
  const tags = new Map<ByteString, ByteString>()
  for (const file of found) {
    const slash = file.lastIndexOf('/')
    const directory = file.slice(2, Math.max(2, slash))
    if (!tags.has(directory)) tags.set(directory, file.slice(slash + 1))
  }
  return tags
}

/** Tells of the given file if it begins as the standard for cache directories has it. */
const cacheScript = `
if [ -f "$1" ] && [ "$(dd if="$1" bs=43 count=1 2>/dev/null)" = 'Signature: 8a477f597d28d172789f06886806bc55' ]
then printf '%s\\0' "$1"; fi`
