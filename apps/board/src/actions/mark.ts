import {
  type BackupStanding,
  type Manifest,
  type Mark,
  markBackup,
  readManifest,
  readStanding,
} from '@backstream/backup'
import { BoardError } from '../board-error.ts'
import type { ActionDeps, ActionMaker, ActionPlace } from './action.ts'

interface Words {
  readonly label: string
  readonly says: (manifest: Manifest) => readonly string[]
  readonly done: string
  readonly refusal: (standing: BackupStanding) => string | null
}

const words: Readonly<Record<Mark, Words>> = {
  accept: {
    label: 'Accept it',
    says: ({ suspect }) => [
      ...suspect.map(
        ({ rule, expected, found }) =>
          `It is suspect by the rule ${rule}: expected ${expected}, found ${found}.`,
      ),
      'Accepting it says that you looked and that it is good after all: it counts as a good backup from now on, also as the newest one, and later ones are compared with it.',
      'This cannot be taken back.',
    ],
    done: 'counts as good now.',
    refusal: ({ manifest, isAccepted, verified }) => {
      if (verified?.isRefuted) return 'A verification refuted it: no word makes it good.'
      return isAccepted || manifest.status === 'good' ? 'It counts as good already.' : null
    },
  },
  pin: {
    label: 'Pin it',
    says: () => [
      'Retention never removes a pinned backup, whatever its rules say, until it is unpinned.',
    ],
    done: 'is pinned.',
    refusal: ({ isPinned }) => (isPinned ? 'It is pinned already.' : null),
  },
  unpin: {
    label: 'Unpin it',
    says: () => [
      'Retention judges it like all others again, and removes it when no rule keeps it.',
    ],
    done: 'is not pinned any more.',
    refusal: ({ isPinned }) => (isPinned ? null : 'It is not pinned.'),
  },
}

/** What people decide about a backup, as a note beside it in the bucket. */
export function markAction(mark: Mark): ActionMaker {
  return async (deps, place) => {
    const { storage, standing } = await find(deps, place)
    const { manifest } = standing
    const { label, says, done, refusal } = words[mark]
    const subject = `${manifest.plan}/${manifest.backup}`
    return {
      ...{ name: mark, subject, label, says: says(manifest), refusal: refusal(standing) },
      async perform(by) {
        const request = { manifest, mark, by: `${by} on the board` }
        await markBackup(storage, request, { clock: deps.clock, signal: deps.signal })
        return `${subject} ${done}`
      },
    }
  }
}

async function find({ openStorage, signal }: ActionDeps, { plan, backup = '' }: ActionPlace) {
  const storage = await openStorage(plan.storage)
  const manifest = await readManifest(storage, { plan: plan.name, backup }, signal)
  if (manifest === undefined) {
    throw new BoardError('refused', `There is no backup ${plan.name}/${backup}.`, {
      statusCode: 404,
      permanent: true,
    })
  }
  return { storage, standing: await readStanding(storage, manifest, signal) }
}
