import { linkOf, type QueueConnection } from './open-connection.ts'
import { translateError } from './translate-error.ts'

export interface Turn {
  /** What only one process does at a time. */
  readonly what: string
  /** The process, by an id of its own. */
  readonly owner: string
  /** How long it stays the owner's. Longer than the time to its next asking. */
  readonly ttlMs: number
}

/**
 * Whether `what` is the owner's to do now: whoever asks first has the turn, and keeps it by asking
 * again in time. On a wiped Redis whoever asks first has it anew, so that for a moment two may have
 * believed it theirs: what is done must bear that.
 */
export async function takeTurn(connection: QueueConnection, turn: Turn): Promise<boolean> {
  const link = linkOf(connection)
  const key = link.key('turn', turn.what)
  try {
    return (await link.redis.eval(takeScript, 1, key, turn.owner, turn.ttlMs)) === 1
  } catch (error) {
    throw translateError(error, link.address)
  }
}

const takeScript = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`
