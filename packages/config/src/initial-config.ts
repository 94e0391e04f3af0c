export interface InitialConfig {
  /** Absolute paths of the directories to back up; one plan each. At least one. */
  readonly paths: readonly string[]
  readonly bucket: string
  readonly prefix: string
  /** Absent for AWS. */
  readonly endpoint?: string
  readonly region?: string
  readonly pathStyle?: boolean
  /** Of the installation; `home` when absent. */
  readonly name?: string
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

plans:
${renderPlans(options.paths)}`
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

function renderPlans(paths: readonly string[]): string {
  const taken = new Set<string>()
  return paths
    .map((path) => {
      const name = planName(path, taken)
      return `  ${quote(name)}:
    source: { kind: directory, path: ${quote(path)}, excludeCaches: true }
    # exclude: ["*.tmp", "cache/"]   beside path, patterns as in .gitignore
`
    })
    .join('')
}

/** From the last part of the path, made unique. */
function planName(path: string, taken: Set<string>): string {
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
