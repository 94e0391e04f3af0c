import {
  type BackupStanding,
  contentBytesOf,
  type Manifest,
  readStanding,
  renderRestoreGuide,
  resolveRef,
  storedBytesOf,
} from '@backstream/backup'
import { describeDuration, formatBytes } from '@backstream/config'
import type { Session } from '../command-context.ts'
import { formatLocalTime } from '../output/local-time.ts'
import { plainText } from '../output/plain-text.ts'
import { standingInWords } from '../output/standing-text.ts'
import { openStorageOfPlan } from './open-storage.ts'
import { notePassedOver } from './passed-over.ts'

export async function show(session: Session, ref: string): Promise<void> {
  const [plan = ''] = ref.split('/')
  await using storage = await openStorageOfPlan(session, plan)
  const resolved = await resolveRef(storage, ref, { signal: session.interruption() })
  notePassedOver(session, resolved)
  if (session.json) return session.printJson(resolved.manifest)
  const standing = await readStanding(storage, resolved.manifest, session.interruption())
  session.print(await describe(standing, storage.location))
  session.print(`\n${await guide(session, resolved.manifest, storage.location)}`)
}

async function describe(standing: BackupStanding, location: string): Promise<string> {
  const { manifest } = standing
  const { run, content, archives, compression, encryption } = manifest
  const startedAtMs = Date.parse(run.startedAt)
  const finishedAtMs = Date.parse(run.finishedAt)
  const facts: readonly (readonly [string, string])[] = [
    ['backup', `${manifest.plan}/${manifest.backup}`],
    ['status', statusInWords(standing)],
    [
      'taken',
      `${formatLocalTime(startedAtMs)}, in ${describeDuration(finishedAtMs - startedAtMs)}`,
    ],
    ['by', `worker ${run.worker} on ${run.host}, ${manifest.trigger}, attempt ${run.attempt}`],
    ['content', `${content.entries} entries, ${formatBytes(contentBytesOf(manifest))}`],
    ['stored', `${formatBytes(storedBytesOf(manifest))} in ${location}`],
    ...archives.map(
      ({ key, bytes, check }) =>
        ['archive', `${key}, ${bytes} bytes, compared by ${check}`] as const,
    ),
    ['compression', `${compression.algorithm}, level ${compression.level}`],
    [
      'encryption',
      encryption ? `${encryption.format} for ${encryption.recipients.join(', ')}` : 'none',
    ],
    ...manifest.sources.map(
      ({ kind, at, entries, consistency }) =>
        ['source', `${kind}${at ? ` at ${at}` : ''}, ${entries} entries, ${consistency}`] as const,
    ),
    ...manifest.warnings.map(({ code, count }) => ['warning', `${count} × ${code}`] as const),
    ['made with', `${manifest.tool.name} ${manifest.tool.version}`],
  ]
  const width = Math.max(...facts.map(([name]) => name.length))
  return facts.map(([name, text]) => `${name.padEnd(width)}  ${plainText(text)}\n`).join('')
}

function statusInWords(standing: BackupStanding): string {
  const reasons = standing.manifest.suspect.map(
    ({ rule, expected, found }) => `${rule}: expected ${expected}, found ${found}`,
  )
  return [standingInWords({ ...standing, status: standing.manifest.status }), ...reasons].join('; ')
}

async function guide(session: Session, manifest: Manifest, location: string): Promise<string> {
  const config = await session.config()
  const text = renderRestoreGuide({
    plan: manifest.plan,
    backup: manifest.backup,
    location,
    algorithm: manifest.compression.algorithm,
    encryption: manifest.encryption,
    archives: manifest.archives,
    sources: manifest.sources,
  })
  const endpoint = Object.values(config.storages).find(
    ({ bucket, prefix }) => location === `s3://${[bucket, prefix].filter(Boolean).join('/')}`,
  )?.endpoint
  return endpoint ? text.replaceAll('aws s3 cp', `aws --endpoint-url '${endpoint}' s3 cp`) : text
}
