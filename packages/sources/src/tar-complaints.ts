/** What tar programs say on standard error about single entries, and what it means for a backup. */
import type { EntryLog } from './entry-log.ts'
import { SourceError } from './source-error.ts'

interface Complaint {
  readonly said: RegExp
  readonly code: string
  readonly message: string
}

/** By GNU tar, busybox tar and bsdtar in the C locale; the first group is the path. */
const complaints: readonly Complaint[] = [
  {
    said: /^(.*): file changed as we read it$/,
    code: 'changed',
    message: 'it was written to while it was read',
  },
  {
    said: /^(.*): [Ff]ile removed before we read it$/,
    code: 'vanished',
    message: 'it was listed, and gone when it was to be read',
  },
  {
    said: /^(?:can't open |can't stat )?'?(.*?)'?: (?:Cannot (?:stat|open|savedir): |Warning: Cannot (?:stat|open|savedir): )?No such file or directory$/,
    code: 'vanished',
    message: 'it was listed, and gone when it was to be read',
  },
  {
    said: /^(.*): File shrank by \d+ bytes; padding with zeros$/,
    code: 'shrank',
    message: 'it lost content while it was read; zeros stand for it',
  },
  { said: /^(.*): socket ignored$/, code: 'socket', message: 'a socket is not backed up' },
  {
    said: /^(.*): (?:Couldn't archive|tar format cannot archive) (?:socket|sockets)$/,
    code: 'socket',
    message: 'a socket is not backed up',
  },
  {
    said: /^(?:can't open |can't stat )?'?(.*?)'?: (?:Warning: )?(?:Cannot (?:open|stat|read|savedir): |Read error at byte .*: |Couldn't visit directory: )?(?:Permission denied|Operation not permitted|Input\/output error|Stale file handle)$/,
    code: 'unreadable',
    message: 'it cannot be read',
  },
  {
    said: /^(.*): file is on a different filesystem; not dumped$/i,
    code: '',
    message: '',
  },
  {
    said: /^(?:Exiting with failure status due to previous errors|error exit delayed from previous errors|Error exit delayed from previous errors\.?|Removing leading .* from member names)$/,
    code: '',
    message: '',
  },
]

export interface TarEnd {
  readonly status: number | null
  /** All that tar said; `isCut` when that was more than could be kept. */
  readonly stderr: string
  readonly isCut: boolean
}

/**
 * Notes what tar complained of. Throws where an entry could not be read that must be, where tar says
 * what is not known here, or where it failed and not all it said is at hand.
 */
export function judgeTar(
  { status, stderr, isCut }: TarEnd,
  {
    log,
    place,
    mayskip,
  }: { readonly log: EntryLog; readonly place: string; readonly mayskip: boolean },
): void {
  const unknown: string[] = []
  for (const line of stderr.split('\n').map(withoutProgram)) {
    if (line === '') continue
    const known = complaints.find(({ said }) => said.test(line))
    if (!known) unknown.push(line)
    else if (known.code !== '') note(known, pathIn(line, known), { log, place, mayskip })
  }
  if (status === 0) return
  // A status of its own accord, with all its reasons known and each of them bearable.
  if ((status === 1 || status === 2) && unknown.length === 0 && !isCut && stderr.trim() !== '')
    return
  const said = unknown.length > 0 ? ` It said: ${unknown.slice(-5).join('; ')}` : ''
  throw new SourceError('source-failed', `tar ended with status ${status} ${place}.${said}`, {
    remedy: 'Run tar there by hand, and mend what it reports.',
  })
}

/** `tar: x` and `busybox tar: x` to `x`. */
function withoutProgram(line: string): string {
  return line.replace(/^(?:\S*\/)?(?:busybox )?(?:bsd|g)?tar: /, '').trim()
}

function pathIn(line: string, { said }: Complaint): string {
  return (said.exec(line)?.[1] ?? '').replace(/^\.\//, '')
}

function note(
  { code, message }: Complaint,
  path: string,
  {
    log,
    place,
    mayskip,
  }: { readonly log: EntryLog; readonly place: string; readonly mayskip: boolean },
): void {
  if (code === 'unreadable' && !mayskip) {
    throw new SourceError('source-unreadable', `${path} cannot be read ${place}`, {
      permanent: true,
      remedy:
        'Read it as a user who may, exclude it, or set onUnreadable: skip to leave such entries out.',
    })
  }
  log.warn(code, { path }, message)
}
