export * from './errors.ts'
export type * from './storage.ts'
