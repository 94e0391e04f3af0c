import { describeStorage } from './conformance/index.ts'
import { createMemoryStorage, type MemoryStorageOptions } from './memory-storage.ts'

const checks = { whole: 'md5', parts: 'md5' } as const

describeStorage('memory', open({ maxParts: 3 }), { versioned: false, conditionalPut: true, checks })
describeStorage('memory with versions', open({ versioned: true, maxParts: 3 }), {
  versioned: true,
  conditionalPut: true,
  checks,
})
describeStorage('memory without conditional put', open({ conditionalPut: false, maxParts: 3 }), {
  versioned: false,
  conditionalPut: false,
  checks,
})

function open(options: MemoryStorageOptions) {
  return async () => ({
    storage: createMemoryStorage(options),
    [Symbol.asyncDispose]: async () => {},
  })
}
