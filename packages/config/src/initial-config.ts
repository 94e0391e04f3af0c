import type { SecretRef } from './model.ts'

export interface InitialConfig {
  /** Absolute paths of the directories to back up; one plan each. */
  readonly paths: readonly string[]
  /** One plan each. With `paths` at least one. */
  readonly databases?: readonly InitialDatabase[]
  /** Whom to encrypt to. */
  readonly recipients?: readonly string[]
  readonly bucket: string
  readonly prefix: string
  /** Absent for AWS. */
  readonly endpoint?: string
  readonly region?: string
  readonly pathStyle?: boolean
  /** Of the installation; `home` when absent. */
  readonly name?: string
}

export interface InitialDatabase {
  /** Of its plan, as `choosePlanName` made it. */
  readonly name: string
  readonly kind: 'postgres' | 'mysql' | 'mariadb' | 'mongodb' | 'redis' | 'sqlite'
  /** The address by reference; of `sqlite` the absolute path of the file. */
  readonly at: { readonly uri: SecretRef } | { readonly path: string }
  readonly password: SecretRef | null
}

/**
 * The text of a first configuration, with comments that explain it. It parses without problems once
 * the variables it names are set, and never holds a secret.
 */
export function renderInitialConfig(options: InitialConfig): string {
  return `# yaml-language-server: $schema=./backstream.schema.json
version: 1
name: ${quote(options.name ?? 'home')}  # prefix of every Redis key, owner mark in the bucket
redis: "\${REDIS_URL:-redis://127.0.0.1:6379}"

storages:
  main:
${renderStorage(options)}
defaults:  # for every plan; a plan's own key replaces it whole
  storage: main
  schedule: { cron: "15 3 * * *", timezone: UTC, jitter: 10m }
${renderEncryption(options.recipients ?? [])}
plans:
${renderPlans(options)}`
}

function renderStorage(options: InitialConfig): string {
  const lines = ['kind: s3', `bucket: ${quote(options.bucket)}`]
  if (options.prefix) lines.push(`prefix: ${quote(options.prefix)}`)
  if (options.region) lines.push(`region: ${quote(options.region)}`)
  if (options.endpoint) lines.push(`endpoint: ${quote(options.endpoint)}`)
  if (options.pathStyle !== undefined) lines.push(`pathStyle: ${options.pathStyle}`)
  if (options.endpoint) {
    lines.push(
      'credentials:  # never the values themselves: { env: NAME } or { file: /path }',
      '  accessKeyId: { env: S3_ACCESS_KEY_ID }',
      '  secretAccessKey: { env: S3_SECRET_ACCESS_KEY }',
    )
  } else {
    lines.push(
      ...(options.region ? [] : ['# region: as the AWS tools find it, in AWS_REGION or profile']),
      '# credentials: as the AWS tools find them, in AWS_* variables, profile or machine role',
    )
  }
  return lines.map((line) => `    ${line}\n`).join('')
}

function renderEncryption(recipients: readonly string[]): string {
  if (recipients.length === 0) return ''
  return `  encryption: { recipients: [${recipients.map(quote).join(', ')}] }  # who has their keys can restore\n`
}

function renderPlans({ paths, databases = [] }: InitialConfig): string {
  const taken = new Set(databases.map(({ name }) => name))
  const directories = paths
    .map((path) => {
      const name = choosePlanName(path, taken)
      return `  ${quote(name)}:
    source: { kind: directory, path: ${quote(path)}, excludeCaches: true }
    # exclude: ["*.tmp", "cache/"]   beside path, patterns as in .gitignore
`
    })
    .join('')
  return `${databases.map(renderDatabase).join('')}${directories}`
}

function renderDatabase({ name, kind, at, password }: InitialDatabase): string {
  const keys = [
    `kind: ${kind}`,
    'uri' in at ? `uri: ${renderReference(at.uri)}` : `path: ${quote(at.path)}`,
    ...(password === null ? [] : [`password: ${renderReference(password)}`]),
  ]
  return `  ${quote(name)}:\n    source: { ${keys.join(', ')} }\n`
}

/** Never the text of a secret. */
function renderReference(ref: SecretRef): string {
  if ('env' in ref) return `{ env: ${ref.env} }`
  if ('file' in ref) return `{ file: ${quote(ref.file)} }`
  throw new Error('a secret belongs beside the configuration')
}

/** A name for a plan, from the last part of a path or from any other name, and added to those `taken`. */
export function choosePlanName(path: string, taken: Set<string>): string {
  const last = path.split('/').findLast((part) => part !== '') ?? 'root'
  const plain = last
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
  const trimmed = plain.slice(0, 50).replace(/^-+|-+$/g, '')
  // x-2, like every key that begins with x-, would be ignored.
  const isTaken = ['', 'latest', 'x'].includes(trimmed) || trimmed.startsWith('x-')
  const base = isTaken ? 'files' : trimmed
  let name = base
  for (let number = 2; taken.has(name); number += 1) name = `${base}-${number}`
  taken.add(name)
  return name
}

/** As written when YAML reads it as that text anyway, else in double quotes; `$` never expands. */
function quote(text: string): string {
  const literal = text.replaceAll('$', '$$$$')
  const isPlain = /^[A-Za-z/][A-Za-z0-9/._-]*$/.test(literal) && !wordsOfYaml.test(literal)
  return isPlain ? literal : escapeControls(JSON.stringify(literal))
}
const wordsOfYaml = /^(true|false|null|yes|no|on|off|y|n)$/i

/** JSON leaves these as they are; YAML does not take them. */
function escapeControls(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
