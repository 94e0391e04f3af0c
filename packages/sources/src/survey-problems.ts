import type { DirectorySourceConfig } from '@backstream/config'
import type { SourceProblem } from './source.ts'
import type { DirectorySurvey } from './survey-directory.ts'

/** Every reason why a directory elsewhere cannot be read, as far as the survey tells. */
export function problemsOf(
  { path, allowEmpty }: Pick<DirectorySourceConfig, 'path' | 'allowEmpty'>,
  { faults, pseudo }: DirectorySurvey,
  place: string,
): readonly SourceProblem[] {
  const problems = faults
    .filter((fault) => fault !== 'empty' || !allowEmpty)
    .map((fault) => problemOf(fault, `${path} ${place}`))
  const root = pseudo.find((mount) => mount.path === '')
  if (root) {
    problems.push({
      code: 'pseudo-filesystem',
      message: `${path} ${place} is a ${root.type} file system: the kernel makes it up as it is read`,
      remedy: 'Choose a directory of files.',
      permanent: true,
    })
  }
  return problems
}

function problemOf(fault: string, where: string): SourceProblem {
  switch (fault) {
    case 'missing':
      return {
        code: 'source-missing',
        message: `${where} does not exist`,
        remedy: 'Correct the path, or mount it there.',
        permanent: true,
      }
    case 'no-directory':
      return {
        code: 'source-missing',
        message: `${where} is not a directory`,
        remedy: 'Name the directory that holds it, and choose with include.',
        permanent: true,
      }
    case 'forbidden':
      return {
        code: 'source-unreadable',
        message: `${where} cannot be read`,
        remedy: 'Go there as a user who may read it.',
        permanent: true,
      }
    case 'empty':
      return {
        code: 'source-empty',
        message: `${where} is empty`,
        remedy: 'See whether it is mounted there, or set allowEmpty: true.',
        permanent: false,
      }
    default:
      return {
        code: 'command-missing',
        message: `There is no tar for ${where}`,
        remedy:
          'Install tar there (GNU tar, busybox or bsdtar), or name another container that has it.',
        permanent: true,
      }
  }
}
