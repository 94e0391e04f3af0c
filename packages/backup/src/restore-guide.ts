import type { CompressionAlgorithm } from './layout.ts'

export interface GuideSubject {
  readonly plan: string
  readonly backup: string
  /** `s3://bucket/prefix` */
  readonly location: string
  readonly algorithm: CompressionAlgorithm
  /** Keys of the volumes in order, relative to the storage's prefix, with what `sha256sum` prints. */
  readonly archives: readonly { readonly key: string; readonly sha256: string }[]
  /** Names in the archive that are the output of a command rather than a file tree. */
  readonly streams: readonly string[]
}

const decompress: Readonly<Record<CompressionAlgorithm, string>> = {
  zstd: ' | zstd -dc',
  gzip: ' | gzip -dc',
  none: '',
}

/** RESTORE.md: how to restore this one backup with nothing but aws, zstd (or gzip) and tar. */
export function renderRestoreGuide(subject: GuideSubject): string {
  const fetches = subject.archives.map(({ key }) => `aws s3 cp '${subject.location}/${key}' -`)
  const fetch = fetches.length === 1 ? fetches[0] : `( ${fetches.join(' && ')} )`
  const plain = `${fetch}${decompress[subject.algorithm]}`
  const lines = [
    `# Restore ${subject.plan}, backup ${subject.backup}`,
    '',
    'With Backstream:',
    '',
    `    backstream restore ${subject.plan}/${subject.backup} --to DIR --from ${subject.location}`,
    '',
    'Without it, with standard tools (add `--endpoint-url URL` to aws for a store other than AWS):',
    '',
    '    mkdir DIR && cd DIR',
    `    ${plain} | tar -xpf -`,
    '',
    'To check the stored bytes first:',
    '',
    ...subject.archives.map(
      ({ key, sha256 }) =>
        `    aws s3 cp '${subject.location}/${key}' - | sha256sum    # ${sha256}`,
    ),
    '',
    'The manifest beside this directory, ' +
      `\`${subject.backup}.json\`, is what makes this a backup: without it, or with \`"void": true\`, ` +
      'the archive may be incomplete.',
  ]
  for (const name of subject.streams) {
    lines.push(
      '',
      `\`${name}\` is the output of a command, in several members under one name:`,
      '',
      `    ${plain} | tar -xOf - '${name}' > OUTPUT`,
    )
  }
  return `${lines.join('\n')}\n`
}
