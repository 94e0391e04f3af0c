import type { CompressionAlgorithm } from './layout.ts'

export interface GuideSubject {
  readonly plan: string
  readonly backup: string
  /** `s3://bucket/prefix` */
  readonly location: string
  readonly algorithm: CompressionAlgorithm
  readonly encryption: null | { readonly recipients: readonly string[] }
  /** Keys of the volumes in order, relative to the storage's prefix, with what `sha256sum` prints. */
  readonly archives: readonly { readonly key: string; readonly sha256: string }[]
  /** A source that is no directory is a stream: under its `at`, or the plan's name without one. */
  readonly sources: readonly { readonly kind: string; readonly at: string }[]
}

const decompress: Readonly<Record<CompressionAlgorithm, string>> = {
  zstd: ' | zstd -dc',
  gzip: ' | gzip -dc',
  none: '',
}

/** RESTORE.md: how to restore this one backup with nothing but aws, age, zstd (or gzip) and tar. */
export function renderRestoreGuide(subject: GuideSubject): string {
  const fetches = subject.archives.map(
    ({ key }) => `aws s3 cp ${quote(`${subject.location}/${key}`)} -`,
  )
  const fetch = fetches.length === 1 ? fetches[0] : `( ${fetches.join(' && ')} )`
  const { encryption } = subject
  const decrypt = encryption ? ' | age -d -i "$KEY"' : ''
  const plain = `${fetch}${decrypt}${decompress[subject.algorithm]}`
  const lines = [
    `# Restore ${subject.plan}, backup ${subject.backup}`,
    '',
    ...(encryption ? keyNeeded(encryption.recipients) : []),
    'With Backstream:',
    '',
    `    backstream restore ${subject.plan}/${subject.backup} --to DIR --from ${subject.location}${encryption ? ' -i "$KEY"' : ''}`,
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
        `    aws s3 cp ${quote(`${subject.location}/${key}`)} - | sha256sum    # ${sha256}`,
    ),
    '',
    'The manifest beside this directory, ' +
      `\`${subject.backup}.json\`, is what makes this a backup: without it, or with \`"void": true\`, ` +
      'the archive may be incomplete.',
  ]
  for (const { kind, at } of subject.sources) {
    if (kind === 'directory') continue
    const isSecret = encryption !== null && at !== ''
    const name = at || subject.plan
    const what = isSecret ? 'NAME, as `tar -t` shows it,' : `\`${name}\``
    lines.push(
      '',
      `${what} is ${whatIs(kind)}, in several members under one name:`,
      '',
      `    ${plain} | tar -xOf - ${isSecret ? '"$NAME"' : quote(name)} > OUTPUT`,
      ...(takeBack[kind] ?? []),
    )
  }
  return `${lines.join('\n')}\n`
}

function whatIs(kind: string): string {
  return kind === 'command' ? 'the output of a command' : `a dump of ${kind}`
}

const mariadb: readonly string[] = [
  '',
  'A dump of several databases is a directory: each `NAME/DATABASE.sql`, then `NAME/users.sql` (into the',
  'database `mysql`). What lies at OUTPUT goes back into a database that is there and empty, with',
  '',
  '    mariadb DATABASE < OUTPUT',
]

/** How a dump goes back into a server, with its own tools. */
const takeBack: Readonly<Record<string, readonly string[]>> = {
  postgres: [
    '',
    'A dump of several databases is a directory: `NAME/globals.sql` first (`psql -f`), then each',
    '`NAME/DATABASE.dump`. What lies at OUTPUT goes back with',
    '',
    '    pg_restore --create --dbname=postgres OUTPUT',
    '',
    'Where the note beside it (`NAME.backstream.json`) says `"form":"physical"` it is the files of a server',
    '(`tar -tf OUTPUT` lists them). As the user of PostgreSQL, in the same major version:',
    '',
    '    mkdir -m 700 DATA && tar -xpf OUTPUT -C DATA && pg_ctl -D DATA start',
  ],
  mysql: mariadb.map((line) => line.replace('    mariadb ', '    mysql ')),
  mariadb,
  mongodb: [
    '',
    'Add `--oplogReplay` where the note beside it (`NAME.backstream.json`) says `"oplog":true`:',
    '',
    '    mongorestore --archive=OUTPUT',
  ],
  redis: [
    '',
    'A server reads it when it starts. Stopped, and with its own `appendonlydir` out of the way:',
    '',
    '    cp OUTPUT DIR/dump.rdb && redis-server --dir DIR --dbfilename dump.rdb --appendonly no',
  ],
  sqlite: [
    '',
    'Where the note beside it (`NAME.backstream.json`) says `"form":"file"` OUTPUT is the database. Else it is SQL:',
    '',
    '    sqlite3 NEW.db < OUTPUT',
  ],
  command: [
    '',
    'The command that takes it back is `restore` of the source in the configuration, if it has one.',
  ],
}

function keyNeeded(recipients: readonly string[]): string[] {
  return [
    'It is encrypted with age. The commands below find the key in the file that `KEY` names, as after',
    '`KEY=/path/to/age.key`: a line `AGE-SECRET-KEY-1…` that belongs to one of these recipients:',
    '',
    ...recipients.map((recipient) => `- ${recipient}`),
    '',
  ]
}

/** One word for a POSIX shell, whatever is in it. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
