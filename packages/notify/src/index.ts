export { addresseesOf } from './addressees.ts'
export { type EventDocument, eventDocument, type Teller } from './event-document.ts'
export { NotifyError, type NotifyErrorCode } from './notify-error.ts'
export { type NotifyDeps, sendHeartbeat, sendNotification } from './send-notification.ts'
