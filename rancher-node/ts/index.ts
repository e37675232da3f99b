// What the package exports.

export type { Call } from './border.js';
export { Client, type ClientDescription, type ClientOptions } from './client.js';
export { RancherError, type Cause, type ErrorKind, type ForbiddenReason } from './errors.js';
export * from './generated/resources.js';
export type * as clusterTypes from './generated/types/cluster.js';
export type * as managementTypes from './generated/types/management.js';
export type * as projectTypes from './generated/types/project.js';
export type * from './generated/values.js';
export { ObjectList, RecordList, type FlatRecord, type Walk } from './lists.js';
export { alteredOf, rawOf, Response, type Deleted, type Ensured, type Kept } from './objects.js';
