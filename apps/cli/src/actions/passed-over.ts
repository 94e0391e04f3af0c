import type { ResolvedRef } from '@backstream/backup'
import type { Session } from '../command-context.ts'
import { plainText } from '../output/plain-text.ts'

/** Names the newer backups that `latest` skipped: who restores must know that there were any. */
export function notePassedOver(session: Session, { manifest, passedOver }: ResolvedRef): void {
  for (const { backup, reason } of passedOver) {
    session.note(`passed over: ${manifest.plan}/${backup} is ${plainText(reason)}`)
  }
}
