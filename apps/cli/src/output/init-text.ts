import type { FoundDatabase } from '../actions/init-databases.ts'

export interface InitOutcome {
  readonly file: string
  /** It was named by --config, and must be again. */
  readonly isNamed: boolean
  readonly environmentFile: string | null
  readonly keyFile: string | null
  readonly plans: readonly string[]
  readonly databases: readonly FoundDatabase[]
  /** Variables that `.env` says, and those it does not. */
  readonly kept: readonly string[]
  readonly missing: readonly string[]
  readonly isAws: boolean
  readonly hasRegion: boolean
}

/** What was found and written, what to do next, and, last, what must not be forgotten. */
export function nextSteps(outcome: InitOutcome): string {
  const { databases, keyFile } = outcome
  const found = databases.map(({ name, found }) => `${name}: ${found ?? 'not looked at'}\n`)
  const parts = [...(found.length > 0 ? [found.join('')] : []), written(outcome), steps(outcome)]
  if (keyFile !== null) parts.push(keyWords(keyFile, outcome.plans[0] ?? 'PLAN'))
  return parts.join('\n')
}

function written({ file, environmentFile, keyFile, kept }: InitOutcome): string {
  const names = kept.length > 0 ? `: ${kept.join(', ')}` : ''
  return [
    `wrote ${file}\n`,
    ...(environmentFile === null
      ? []
      : [`wrote ${environmentFile}, which only you can read${names}\n`]),
    ...(keyFile === null ? [] : [`wrote ${keyFile}, the key of every backup\n`]),
  ].join('')
}

function steps(outcome: InitOutcome): string {
  const { file, isNamed, environmentFile, missing, isAws, hasRegion, plans } = outcome
  const flag = isNamed ? ` --config ${file}` : ''
  const wanted = [
    ...missing,
    ...(isAws ? ['AWS credentials as the AWS tools find them, such as AWS_ACCESS_KEY_ID'] : []),
    ...(isAws && !hasRegion ? ['AWS_REGION'] : []),
  ]
  const where = environmentFile === null || missing.length === 0 ? '' : `, in ${environmentFile}`
  const lines = [
    ...(wanted.length > 0 ? [`set ${wanted.join(', ')}${where}`] : []),
    `backstream validate${flag}`,
    `backstream doctor${flag}`,
    `backstream run ${plans[0] ?? 'PLAN'} --wait --here${flag}    # the first backup, now`,
    `backstream up${flag}    # from now on by schedule`,
  ]
  return `Next:\n${lines.map((line, at) => `  ${at + 1}. ${line}\n`).join('')}`
}

function keyWords(keyFile: string, plan: string): string {
  return `KEEP ${keyFile} ELSEWHERE TOO, NOW: in a password manager, on paper, on another machine.
The backups can be opened with it and with nothing else. If it is only here, they are lost with this
machine. Backing up needs no key: once it is safe elsewhere, take it away from here.
To restore: backstream restore ${plan} --to DIR -i ${keyFile}
`
}
