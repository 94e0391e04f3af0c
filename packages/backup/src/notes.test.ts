import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Clock } from '@backstream/kernel'
import { createMemoryStorage, isStorageError } from '@backstream/storage'
import { BackupError } from './errors.ts'
import { isAccepted, isPinned, listNotes, parseNoteKey, readNote, writeNote } from './notes.ts'
import { readSmallObject } from './small-object.ts'

const at = { plan: 'media', backup: '20261123T031500Z-000042' }
const { signal } = new AbortController()
const by = 'test'

/** Moves on by a millisecond each time it is asked. */
function tickingClock(from = '2026-11-24T04:00:00.000Z'): Clock {
  let ms = Date.parse(from)
  return { now: () => ms++, monotonicMs: () => ms }
}

describe('notes beside a backup', () => {
  it('say kind and time in their key, and the rest inside', async () => {
    const storage = createMemoryStorage()
    const clock = tickingClock()
    const facts = { reason: 'before the move' }
    const ref = await writeNote(storage, { ...at, kind: 'pin', by, facts }, { clock, signal })
    assert.equal(ref.key, `media/${at.backup}/notes/20261124T040000000Z-pin.json`)
    assert.deepEqual(parseNoteKey(ref.key), ref)
    assert.deepEqual(await readNote(storage, ref), {
      ...{ format: 'backstream/1', kind: 'pin', ...at, at: '2026-11-24T04:00:00.000Z', by },
      facts,
    })
  })

  it('are listed oldest first, whatever else lies there', async () => {
    const storage = createMemoryStorage()
    const clock = tickingClock()
    for (const kind of ['pin', 'unpin', 'accept'] as const) {
      await writeNote(storage, { ...at, kind, by }, { clock, signal })
    }
    await storage.put(`media/${at.backup}/notes/hello.txt`, new Uint8Array(1))
    await storage.put(`media/${at.backup}/notes/20261399T040000Z-pin.json`, new Uint8Array(1))
    const notes = await listNotes(storage, at)
    assert.deepEqual(
      notes.map(({ kind }) => kind),
      ['pin', 'unpin', 'accept'],
    )
  })

  it('pin until they are taken back', async () => {
    const storage = createMemoryStorage()
    const clock = tickingClock()
    const pinnedAfter = async (kind: 'pin' | 'unpin') => {
      await writeNote(storage, { ...at, kind, by }, { clock, signal })
      return isPinned(await listNotes(storage, at))
    }
    assert.equal(isPinned([]), false)
    assert.equal(await pinnedAfter('pin'), true)
    assert.equal(await pinnedAfter('unpin'), false)
    assert.equal(await pinnedAfter('pin'), true)
    assert.equal(isAccepted(await listNotes(storage, at)), false)
  })

  it('are never replaced', async () => {
    const storage = createMemoryStorage()
    const still: Clock = { now: () => 1_800_000_000_000, monotonicMs: () => 0 }
    const note = { ...at, kind: 'accept', by } as const
    await writeNote(storage, note, { clock: still, signal })
    await assert.rejects(writeNote(storage, note, { clock: still, signal }), (error) =>
      isStorageError(error, 'already-exists'),
    )
  })

  it('are refused when they speak of another backup', async () => {
    const storage = createMemoryStorage()
    const ref = await writeNote(
      storage,
      { ...at, kind: 'pin', by },
      { clock: tickingClock(), signal },
    )
    const other = ref.key.replace('000042/', '000043/')
    const bytes = await readSmallObject(storage, ref.key)
    await storage.put(other, bytes ?? new Uint8Array())
    const copied = parseNoteKey(other)
    assert.ok(copied)
    await assert.rejects(
      readNote(storage, copied),
      (error) => error instanceof BackupError && error.code === 'note-invalid',
    )
  })
})
