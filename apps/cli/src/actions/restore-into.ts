import {
  findStreams,
  type Overwrite,
  openBackup,
  type ResolvedRef,
  resolveRef,
  restoreStreams,
  type StoredStream,
} from '@backstream/backup'
import {
  type DirectorySourceConfig,
  formatBytes,
  resolveSecret,
  type SecretRef,
  type SourceConfig,
} from '@backstream/config'
import {
  isTargetAddress,
  openTarget,
  parseTargetAddress,
  type RestoreTarget,
  type SourceProblem,
} from '@backstream/sources'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'
import { openProgressView } from '../output/progress-view.ts'
import { parseTime } from './parse-time.ts'
import { notePassedOver } from './passed-over.ts'
import { openStorageOf } from './restore.ts'

export interface RestoreIntoOptions {
  /** An address, or `source`. */
  readonly into: string
  readonly intoPasswordFile?: string
  /** Which of several sources, by its place in the archive. */
  readonly source?: string
  readonly path?: readonly string[]
  readonly before?: string
  readonly from?: string
  readonly asOf?: string
  readonly overwrite?: Overwrite
  readonly keepSetuid?: boolean
  readonly dryRun?: boolean
  readonly cancelRun?: boolean
  readonly yes?: string
}

/** `restore --into`: puts the dumps of one source back into a server, or back through its command. */
export async function restoreInto(
  session: Session,
  ref: string,
  options: RestoreIntoOptions,
): Promise<void> {
  const [plan = ''] = ref.split('/')
  const early = isTargetAddress(options.into) ? addressOf(options) : null
  await using storage = await openStorageOf(session, plan, options)
  const signal = session.interruption()
  const resolved = await resolveRef(storage, ref, {
    signal,
    ...(options.before === undefined ? {} : { beforeMs: parseTime(options.before, session.clock) }),
  })
  notePassedOver(session, resolved)
  const { manifest } = resolved
  const identities = await session.identitiesFor(manifest)
  const backup = await openBackup(storage, manifest, { signal, identities })
  const directory = early ? undefined : await directoryOf(session, plan, options)
  if (directory) {
    const { restoreIntoDirectory } = await import('./restore-into-directory.ts')
    return await restoreIntoDirectory(session, { storage, resolved, directory, options })
  }
  const at = chooseSource(resolved, options.source, early)
  const streams = await findStreams(backup, at || manifest.plan)
  if (streams.length === 0) throw noStream(ref, at)
  const config = early ?? (await configured(session, { plan, at, into: options.into }))
  const target = openTarget(config, {
    environment: session.settings.env,
    isInteractive: true,
    resolveSecret: (secret) => resolveSecret(secret, session.settings.env),
  })
  const overwrite = options.overwrite === 'always'
  const given = { signal, overwrite, note: (line: string) => session.note(`note: ${line}`) }
  refuse(await target.findProblems(streams, given))
  const bytes = streams.reduce((sum, stream) => sum + stream.bytes, 0)
  if (!options.dryRun) {
    const view = await openProgressView({ ...session, stream: session.stderr })
    try {
      const onBytes = (done: number): void =>
        view.set(plan, {
          percent: bytes === 0 ? null : (100 * done) / bytes,
          text: `${formatBytes(done)} of ${formatBytes(bytes)}`,
        })
      await restoreStreams({ backup, target, streams, ...given, onBytes })
    } finally {
      view.stop()
    }
  }
  report(session, { resolved, target, streams, bytes, isDryRun: options.dryRun === true })
}

/** The source that is meant, where it is a directory. */
async function directoryOf(
  session: Session,
  plan: string,
  { source, into }: RestoreIntoOptions,
): Promise<DirectorySourceConfig | undefined> {
  if (into !== 'source') return undefined
  const { plans } = await session.config()
  const { sources = [] } = plans.find(({ name }) => name === plan) ?? {}
  const fitting = source === undefined ? sources : sources.filter(({ at }) => at === source)
  const [only] = fitting
  if (fitting.length !== 1 || only?.kind !== 'directory') return undefined
  if (only.via === null) return only
  // Its path is one of another place: here it would be some other directory, or none.
  throw new CliError('not-yet', `${only.path} lies elsewhere: there is no way back there yet`, {
    remedy: 'Restore with --to DIR, look at it, and copy it there (kubectl cp, docker cp, scp).',
  })
}

function addressOf({ into, intoPasswordFile }: RestoreIntoOptions): SourceConfig {
  const password: SecretRef | null =
    intoPasswordFile === undefined ? null : { file: intoPasswordFile }
  return parseTargetAddress(into, password)
}

/** Where the source lies that is meant: the only one, the one that is named, or the one of this kind. */
function chooseSource(
  { manifest }: ResolvedRef,
  said: string | undefined,
  target: SourceConfig | null,
): string {
  if (said !== undefined) return said
  const { sources } = manifest
  const fitting = sources.filter(({ kind }) =>
    target === null ? kind !== 'directory' : isSameKind(kind, target.kind),
  )
  const [only] = fitting
  if (only && fitting.length === 1 && !only.at.startsWith('#')) return only.at
  const names = manifest.encryption ? '' : `: ${sources.map(({ at }) => at).join(', ')}`
  throw new CliError('usage', `${manifest.plan}/${manifest.backup} has several sources${names}`, {
    remedy: 'Say which one with --source AT.',
  })
}

/** A dump of MySQL may go into MariaDB, and the other way round. */
function isSameKind(one: string, other: string): boolean {
  const family = (kind: string): string => (kind === 'mysql' ? 'mariadb' : kind)
  return family(one) === family(other) || one === 'command'
}

function noStream(ref: string, at: string): CliError {
  return new CliError('no-such-path', `${ref} has no dump${at === '' ? '' : ` at ${at}`}`, {
    remedy: `\`backstream ls ${ref}\` shows what there is; directories are restored with --to.`,
  })
}

async function configured(
  session: Session,
  { plan, at, into }: { readonly plan: string; readonly at: string; readonly into: string },
): Promise<SourceConfig> {
  if (into !== 'source') {
    throw new CliError('usage', `${into} is neither an address nor the word source`, {
      remedy: 'Write --into postgres://USER@HOST/DATABASE, or --into source.',
    })
  }
  const { plans } = await session.config()
  const source = plans
    .find(({ name }) => name === plan)
    ?.sources.find((candidate) => candidate.at === at)
  if (source) return source
  throw new CliError('no-such-plan', `The configuration has no source ${at || plan} any more`, {
    remedy: 'Name the database by its address: --into postgres://USER@HOST/DATABASE.',
  })
}

function refuse(problems: readonly SourceProblem[]): void {
  if (problems.length === 0) return
  const isRefused = problems.every(({ code }) => code === 'target-not-empty')
  throw new CliError(
    isRefused ? 'refused' : 'failed',
    problems.map(({ message }) => message).join('; '),
    { remedy: [...new Set(problems.map(({ remedy }) => remedy))].join(' ') },
  )
}

interface Outcome {
  readonly resolved: ResolvedRef
  readonly target: RestoreTarget
  readonly streams: readonly StoredStream[]
  readonly bytes: number
  readonly isDryRun: boolean
}

function report(session: Session, { resolved, target, streams, bytes, isDryRun }: Outcome): void {
  const { manifest, passedOver } = resolved
  const { plan, backup } = manifest
  const paths = streams.map(({ path }) => path)
  if (session.json) {
    const facts = { plan, backup, into: target.label, dryRun: isDryRun, streams: paths, bytes }
    session.printJson({ format: 'backstream.restore/1', ...facts, passedOver })
    return
  }
  const content = `${paths.join(', ')} (${formatBytes(bytes)}) into ${target.label}`
  session.print(
    isDryRun
      ? `would restore of ${plan}/${backup}: ${content}\n`
      : `${plan}/${backup}: restored and verified: ${content}\n`,
  )
}
