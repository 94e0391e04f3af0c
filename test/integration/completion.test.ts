/** What the completion scripts offer in a real bash, zsh and fish, and what linters say of the man page. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { findProgram, temporaryDirectory } from '@backstream/testkit'

const program = fileURLToPath(new URL('../../apps/cli/bin/backstream.js', import.meta.url))
const example = fileURLToPath(new URL('../../examples/backstream.yaml', import.meta.url))
const execute = promisify(execFile)

let folder: Awaited<ReturnType<typeof temporaryDirectory>>
before(async () => {
  folder = await temporaryDirectory('completion')
  await symlink(program, join(folder.path, 'backstream'))
  await mkdir(join(folder.path, 'scripts'))
  for (const shell of ['bash', 'zsh', 'fish']) {
    await writeFile(
      join(folder.path, `script.${shell}`),
      await output(program, ['completion', shell]),
    )
  }
})
after(async () => await folder?.[Symbol.asyncDispose]())

async function output(file: string, args: readonly string[]): Promise<string> {
  const PATH = `${folder.path}:${process.env['PATH'] ?? ''}`
  const env = { PATH, HOME: folder.path, TERM: 'xterm', LC_ALL: 'C' }
  return (await execute(file, args, { env, cwd: folder.path })).stdout
}

/** Words as bash hands them to the function: `=` is one of its own, the last is the one being typed. */
const inBash = `
source script.bash
COMP_WORDS=("$@")
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_backstream
printf '%s\\n' "\${COMPREPLY[@]}"`

/** Types a line and a tab into an interactive shell, and has it print what the line has become. */
const inZsh = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1=; autoload -Uz compinit; compinit -u -D; source script.zsh; echo REA''DY"
while zpty -r shell out; do [[ $out = *READY* ]] && break; done
zpty -w -n shell "$1"$'\\t\\C-A'"echo 'BECAME "$'\\C-E'"' EN''D"$'\\n'
while zpty -r shell out; do print -r -- $out; [[ $out = *" END"* ]] && break; done
zpty -d shell`

const shells = {
  bash: async (line: string) => {
    const words = line.split(/ |(=)/).filter((word) => word !== undefined)
    return await output('bash', ['--norc', '-c', inBash, 'bash', ...words])
  },
  fish: async (line: string) =>
    await output('fish', ['--no-config', '-c', 'source script.fish; complete -C $argv[1]', line]),
  zsh: async (line: string) => {
    const typed = await output('zsh', ['-f', '-c', inZsh, 'zsh', line])
    const became = /BECAME (.*?) +END/.exec(typed)?.[1] ?? typed
    return became.split(/[ =]/).at(-1) ?? ''
  },
} as const

for (const [shell, complete] of Object.entries(shells)) {
  if (!findProgram(shell) && process.env['CI'] === 'true')
    throw new Error(`no ${shell}: install it`)
  const skip = findProgram(shell) ? false : `no ${shell} here`

  describe(`completion in ${shell}`, { skip }, () => {
    /** The words alone, without fish's descriptions. */
    const offered = async (line: string) =>
      (await complete(line))
        .split('\n')
        .map((found) => found.split('\t')[0])
        .filter(Boolean)

    for (const [line, expected] of [
      ['backstream resto', 'restore'],
      ['backstream health w', 'worker'],
      ['backstream run --dry', '--dry-run'],
      ['backstream restore --overwrite if', 'if-newer'],
      ['backstream completion b', 'bash'],
      ['backstream restore --to scri', 'scripts'],
      [`backstream --config ${example} run doc`, 'documents'],
      [`backstream -c ${example} run --wait doc`, 'documents'],
      [`backstream restore --config=${example} doc`, 'documents'],
    ] as const) {
      it(`completes ${line.replace(example, 'FILE')}`, async () => {
        const found = await offered(line)
        deepEqual(
          found.map((word) => word?.replace(/\/$/, '')),
          [expected],
        )
      })
    }

    it('offers files where a file is wanted', async () => {
      deepEqual(await offered(`backstream -c script.${shell.slice(0, -1)}`), [`script.${shell}`])
    })

    it('offers no plan, and says nothing, where there is no configuration', async () => {
      equal((await offered('backstream run doc')).includes('documents'), false)
    })
  })
}

describe('the man page', () => {
  it('names each command and option', async () => {
    const page = await output(program, ['man'])
    match(page, /^\.TH BACKSTREAM 1 /)
    for (const word of ['.B restore REF', '"\\-\\-as\\-of TIME"', '.SH EXIT STATUS']) {
      ok(page.includes(word), word)
    }
  })

  const mandoc = findProgram('mandoc')
  if (!mandoc && process.env['CI'] === 'true') throw new Error('no mandoc: install it')
  it('is well-formed', { skip: mandoc ? false : 'no mandoc here' }, async () => {
    const file = join(folder.path, 'backstream.1')
    await writeFile(file, await output(program, ['man']))
    const { stdout } = await execute(mandoc ?? '', ['-T', 'lint', file]).catch((error) => error)
    const complaints = String(stdout).split('\n').filter(Boolean)
    // A page made on the spot has no date, and its lines are as long as its sentences.
    const meant = /missing date|input text line longer than 80 bytes/
    deepEqual(
      complaints.filter((line) => !meant.test(line)),
      [],
    )
  })
})
