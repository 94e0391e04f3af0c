import type * as z from 'zod'
import type { BuildContext } from './build-context.ts'
import { buildPlan, type KnownNames } from './build-plan.ts'
import { expandPlans, type PlanEntry } from './expand-plans.ts'
import { fingerprint } from './fingerprint.ts'
import { noteLiteralSecrets } from './literal-secrets.ts'
import type { Config, NotifyConfig, Plan, StorageConfig } from './model.ts'
import { reportNotYet } from './not-yet.ts'
import { noteVariablesInArguments } from './plan-sources.ts'
import type { ProblemReport } from './problem-report.ts'
import { readBoard, readInstallationName, readRedis, readVersion } from './read-installation.ts'
import type { SaidPlan } from './said-plan.ts'
import { limitSchema, retiredSchema, topKeys } from './schema/config-schema.ts'
import { topHints } from './schema/installation.ts'
import { explainUnknownKey } from './schema/keys.ts'
import { heartbeatSchema, notifySchema } from './schema/notify.ts'
import { type PlanKeys, planHints, planShape } from './schema/plan.ts'
import { type Mapping, readKeys, readMapping } from './schema/read-keys.ts'
import { readValue } from './schema/report-issues.ts'
import { storageSchema } from './schema/storage.ts'
import { telemetrySchema } from './schema/telemetry.ts'
import { namePattern } from './schema/value.ts'
import { expandTree } from './yaml/expand.ts'

/** The configuration of a YAML tree; meaningless, or undefined, once `report` has an error. */
export function buildConfig(tree: unknown, context: BuildContext): Config | undefined {
  const { report } = context
  if (tree === null) return undefined
  const written = readMapping(tree, { path: [], report })
  if (!written) return undefined
  noteLiteralSecrets(written, [], report)
  const { plans: writtenPlans, ...rest } = written
  const top = expandTree(rest, [], { ...context, each: null }) as Mapping
  reportTopKeys(written, report)
  readVersion(top, context)
  const sections = readSections(top, context)
  const plans = readPlans(writtenPlans, top, context)
  noteUnheard(sections.notify, plans, report)
  const config = {
    name: readInstallationName(top, context),
    redis: readRedis(top, context),
    board: readBoard(top, context),
    ...sections,
    plans,
    retired: readRetired(top, plans, context),
  }
  const isWhole = config.redis !== undefined && config.board !== undefined
  if (report.hasErrors || !isWhole) return undefined
  const meaning = config as Omit<Config, 'fingerprint' | 'file'>
  return { ...meaning, fingerprint: fingerprint(meaning), file: context.file }
}

function reportTopKeys(top: Mapping, report: ProblemReport): void {
  for (const [key, value] of Object.entries(top)) {
    if (topKeys.includes(key)) reportNotYet(value, { key: [key], path: [key] }, report)
    else report.keyError([key], explainUnknownKey(key, { known: topKeys, hints: topHints }))
  }
  for (const path of pathsBelow(top)) {
    reportNotYet(valueAt(top, path), { key: path, path }, report)
  }
}

/** Keys of the board and of each storage. */
function pathsBelow(top: Mapping): string[][] {
  const storages = asMapping(top['storages'])
  return [
    ...Object.keys(asMapping(top['board'])).map((key) => ['board', key]),
    ...Object.keys(storages).flatMap((name) =>
      Object.keys(asMapping(storages[name])).map((key) => ['storages', name, key]),
    ),
  ]
}

function valueAt(tree: unknown, path: readonly string[]): unknown {
  return path.reduce((at, key) => asMapping(at)[key], tree)
}

function readSections(
  top: Mapping,
  context: BuildContext,
): Pick<Config, 'notify' | 'heartbeat' | 'telemetry' | 'limits' | 'storages'> {
  const { report } = context
  const readOptional = <T>(key: string, schema: z.ZodType<T>): T | null =>
    (top[key] !== undefined && readValue(schema, top[key], { path: [key], report })) || null
  const notify = readNamed<NotifyConfig>('notify', notifySchema, { top, report })
  for (const [name, told] of Object.entries(notify)) {
    if (told.kind === 'command') noteVariablesInArguments(told.argv, ['notify', name], report)
  }
  return {
    notify,
    heartbeat: readOptional('heartbeat', heartbeatSchema),
    telemetry: readOptional('telemetry', telemetrySchema),
    limits: readNamed<number>('limits', limitSchema, { top, report }),
    storages: readStorages(top, context),
  }
}

function readStorages(top: Mapping, { report }: BuildContext): Record<string, StorageConfig> {
  if (top['storages'] === undefined) {
    report.error(['storages'], {
      message: 'is missing',
      remedy: 'add a storage: storages: { main: { kind: s3, bucket: backups } }',
    })
  }
  const read = readNamed('storages', storageSchema, { top, report })
  return Object.fromEntries(
    Object.entries(read).map(([name, storage]) => [name, { name, ...storage }]),
  )
}

/** A mapping from names to values of one schema; one that is wrong does not hide the others. */
function readNamed<T>(
  key: string,
  schema: z.ZodType<T>,
  from: { readonly top: Mapping; readonly report: ProblemReport },
): Record<string, T> {
  const { top, report } = from
  const tree = top[key]
  if (tree === undefined) return {}
  const named = readMapping(tree, { path: [key], report }) ?? {}
  const entries = Object.entries(named).flatMap(([name, value]): [string, T][] => {
    const path = [key, name]
    if (!namePattern.test(name)) {
      report.keyError(path, {
        message: 'not a name',
        remedy: 'use small letters, digits and dashes, a letter or digit first, at most 63',
      })
    }
    const read = readValue(schema, value, { path, report })
    return read === undefined ? [] : [[name, read]]
  })
  return Object.fromEntries(entries)
}

function readPlans(tree: unknown, top: Mapping, context: BuildContext): Plan[] {
  const { report } = context
  const plans =
    tree === undefined || tree === null ? {} : readMapping(tree, { path: ['plans'], report })
  if (plans && Object.keys(plans).length === 0) {
    const finding = {
      message: 'there is no plan',
      remedy: 'add one; to stop all backups on purpose, set enabled: false in each plan',
    }
    if (context.mayLackPlans) report.notice(['plans'], finding)
    else report.error(['plans'], finding)
  }
  const names: KnownNames = {
    storages: new Set(Object.keys(asMapping(top['storages']))),
    limits: new Set(Object.keys(asMapping(top['limits']))),
    notify: new Set(Object.keys(asMapping(top['notify']))),
    toldByDefault: toldByDefault(asMapping(top['notify'])),
  }
  const defaults = readDefaults(top, context)
  return expandPlans(plans ?? {}, context).flatMap(
    (entry) => buildPlan(fillIn(entry, defaults, report), names, report) ?? [],
  )
}

/** Everybody but pings: an address to ping stands for the plans that name it, and no others. */
function toldByDefault(notify: Mapping): string[] {
  return Object.keys(notify).filter((name) => asMapping(notify[name])['kind'] !== 'ping')
}

function noteUnheard(
  notify: Config['notify'],
  plans: readonly Plan[],
  report: ProblemReport,
): void {
  for (const name of Object.keys(notify)) {
    if (plans.some((plan) => plan.notify.includes(name))) continue
    report.notice(['notify', name], {
      message: 'no plan names it, so that it hears of none',
      remedy: `write notify: [${name}] in a plan or in defaults`,
    })
  }
}

interface Defaults {
  readonly keys: PlanKeys
  readonly written: readonly string[]
}

function readDefaults(top: Mapping, { report }: BuildContext): Defaults {
  const path = ['defaults']
  const tree = top['defaults'] === undefined || top['defaults'] === null ? {} : top['defaults']
  const mapping = readMapping(tree, { path, report }) ?? {}
  if (mapping['each'] !== undefined) {
    report.keyError([...path, 'each'], {
      message: 'each belongs to a plan: it makes several of one',
      remedy: 'move it into the plan',
    })
  }
  const keys = readKeys<PlanKeys>(mapping, planShape, { path, report, hints: planHints })
  return { keys, written: Object.keys(mapping) }
}

function fillIn(entry: PlanEntry, defaults: Defaults, report: ProblemReport): SaidPlan {
  const own = new Set(Object.keys(entry.tree))
  const hasSources = own.has('source') || own.has('sources')
  const isSource = (key: string): boolean => key === 'source' || key === 'sources'
  const inherited = defaults.written.filter(
    (key) => !own.has(key) && !(hasSources && isSource(key)),
  )
  const place = { path: entry.path, report, hints: planHints }
  const keys = readKeys<PlanKeys>(entry.tree, planShape, place)
  return {
    name: entry.name,
    path: entry.path,
    keys: { ...pick(defaults.keys, inherited), ...keys },
    written: new Set([...own, ...inherited]),
    pathOf: (key) => (own.has(key) ? [...entry.path, key] : ['defaults', key]),
  }
}

function pick(keys: PlanKeys, names: readonly string[]): PlanKeys {
  return Object.fromEntries(Object.entries(keys).filter(([key]) => names.includes(key)))
}

function readRetired(top: Mapping, plans: readonly Plan[], { report }: BuildContext): string[] {
  if (top['retired'] === undefined) return []
  const path = ['retired']
  const retired = readValue(retiredSchema, top['retired'], { path, report }) ?? []
  retired.forEach((name, index) => {
    if (!plans.some((plan) => plan.name === name)) return
    report.error([...path, index], {
      message: 'there is a plan of this name',
      remedy: 'remove it here, or remove the plan',
    })
  })
  return retired
}

function asMapping(value: unknown): Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Mapping)
    : {}
}
