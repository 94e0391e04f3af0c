import { deepEqual, equal } from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, it } from 'node:test'
import { createInterruption } from './interruption.ts'

function fakeProcess() {
  const exits: unknown[] = []
  const emitter = new EventEmitter()
  const exit = (code?: unknown) => {
    exits.push(code)
    return undefined as never
  }
  const process = Object.assign(emitter, { exit }) as unknown as NodeJS.Process
  return { process, exits, emit: (name: string) => emitter.emit(name, name) }
}

describe('createInterruption', () => {
  it('leaves signals to Node until somebody asks', () => {
    const { process } = fakeProcess()
    createInterruption(process)
    equal(process.listenerCount('SIGINT'), 0)
  })

  it('aborts with what the command ends with', () => {
    const { process, emit } = fakeProcess()
    const signal = createInterruption(process)()
    emit('SIGINT')
    equal(signal.reason.code, 'interrupted')
  })

  it('takes copies of one Ctrl-C for one, and a later one for impatience', () => {
    const { process, exits, emit } = fakeProcess()
    let nowMs = 0
    createInterruption(process, () => nowMs)()
    emit('SIGINT')
    nowMs = 100
    emit('SIGINT')
    deepEqual(exits, [])
    nowMs = 1_000
    emit('SIGINT')
    deepEqual(exits, [130])
  })
})
