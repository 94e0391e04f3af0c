/**
 * The shell program that runs a command at the far end of a channel, so that its end cannot be
 * mistaken.
 *
 * A channel (`kubectl exec`, `docker exec`, `ssh`) may end with status 0 though the session was
 * dropped, and what it ran may go on though the channel is gone. So the far end says itself how the
 * command ended and how many bytes it gave, and watches whether somebody is still there:
 *
 *     standard output   [noise] NONCE begin LF, the command's output, NONCE STATUS BYTES LF
 *     standard input    the program, on one line; then the command's input in frames: SIZE LF, SIZE
 *                       bytes; `end` LF; once the end was seen `bye` LF
 *
 * Standard input that ends without `bye` means that whoever asked is gone: the command is ended, with
 * everything in its process group (every channel starts a group of its own). One that ends before
 * `end` is a cut input: the command is killed before it can take the cut for an end.
 *
 * Needed there: a POSIX shell and `dd`. Where `dd` does not say how many bytes it copied, `tee`, `wc`
 * and `cat` count instead. Program, arguments and secrets come in by standard input and are seen in
 * no list of processes; the command's own arguments are, as everywhere.
 */
import type { CommandRequest } from './runner.ts'

/** What the channel runs. Every login shell reads this the same way, those that are not POSIX too. */
export const bootstrap: readonly string[] = ['sh', '-c', 'IFS= read -r s; eval "$s"']

/** Bytes of a frame of standard input: each costs a process there. */
export const frameBytes: number = 256 << 10

/** The program for this command, as the line that the bootstrap reads. */
export function remoteProgram(request: CommandRequest, nonce: string): string {
  const lines = [
    `n=$(printf '\\nx'); n=\${n%x};`,
    'trap : TERM; exec 7>&1 8<&0;',
    `feed() { ${feed} };`,
    `run() { ${runLines(request)} };`,
    `count() { ${counting} };`,
    `work() { printf '%s begin\\n' ${nonce} >&7;`,
    'r=$({ { run; echo $? >&9; } | count; } 9>&1);',
    `set -- $r; s=\${1:-1}; if [ $# = 2 ]; then b=$2; else b=\${8:-}; fi;`,
    `printf '%s %s %s\\n' ${nonce} "$s" "$b" >&7 || exit 141; exit "$s"; };`,
    // In the background, so that its shell hears of a signal while it waits.
    'feed <&8 | { trap t=1 TERM; exec 5<&0; work <&5 5<&- & p=$!; wait $p; s=$?;',
    // Told to end, or nobody takes the marker any more: nothing is left to wait for.
    'if [ -n "$t" ] || [ $s -gt 128 ]; then wait $p; kill -KILL 0; fi; exit $s; }',
  ]
  return `${lines.join(' ')}\n`
}

/** Unpacks the frames into the command's standard input, then watches. */
const feed = [
  'e=KILL; while IFS= read -r k; do case $k in',
  'end) exec >/dev/null 7>&-; e=TERM;;',
  'bye) exit 0;;',
  // The command reads no more: what was meant for it is thrown away until the end is seen.
  '*) dd bs=$k count=1 iflag=fullblock 2>/dev/null || { dd of=/dev/null 2>/dev/null; e=KILL; };;',
  'esac; done;',
  'if [ $e = KILL ]; then kill -KILL 0; fi;',
  'trap : TERM; kill -TERM 0; sleep 5; kill -KILL 0;',
].join(' ')

/** Passes on what comes and tells on descriptor 9 how much it was: in the 8th word, or in the only one. */
const counting = [
  'case $(printf abc | LC_ALL=C dd bs=3 2>&1 >/dev/null) in',
  "*'3 bytes'*) LC_ALL=C dd bs=65536 2>&9 >&7;;",
  '*) { tee /dev/fd/6 | wc -c >&9; } 6>&1 | cat >&7;;',
  'esac;',
].join(' ')

function runLines({ argv, env, cwd, privateText }: CommandRequest): string {
  const exported = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)};`)
  const start = [
    ...(typeof cwd === 'string' ? [`cd ${quote(cwd)} || exit 126;`] : []),
    ...exported,
    `exec ${argv.map(quote).join(' ')} 7>&- 8<&- 9>&-;`,
  ].join(' ')
  if (privateText === undefined) return `( ${start} );`
  // printf is part of the shell: the text is in no list of processes.
  const hand = `printf %s ${quote(privateText)} | ( exec 3<&0 <&6 6<&-; ${start} );`
  return `{ ${hand} } 6<&0;`
}

/** A word for a POSIX shell, on one line: `$n` holds the newline. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''").replaceAll('\n', `'"$n"'`)}'`
}
