// What the package exports.

export type { Call } from './border.js';
export { Client, type ClientDescription, type ClientOptions } from './client.js';
export { RancherError, type Cause, type ErrorKind, type ForbiddenReason } from './errors.js';
export * from './generated/resources.js';
export type * as clusterTypes from './generated/types/cluster.js';
export type * as managementTypes from './generated/types/management.js';
export type * as projectTypes from './generated/types/project.js';
export type * from './generated/values.js';
export { LogLine, LogLines, Watch, type Event } from './flows.js';
export { ObjectList, RecordList, type FlatRecord, type Walk } from './lists.js';
export { alteredOf, rawOf, type Deleted, type Ensured, type Kept } from './objects.js';
export { quantity, type Quantity } from './quantity.js';
export { Secret } from './secret.js';
// a type alone: the class of this name that everybody has stays theirs
export type { Response } from './objects.js';
