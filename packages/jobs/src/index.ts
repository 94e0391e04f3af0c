export * from './notification.ts'
export * from './payloads.ts'
export type * from './progress.ts'
export * from './queues.ts'
