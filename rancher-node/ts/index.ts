// What the package exports.

export type { Call } from './border.js';
export { Client, type ClientDescription, type ClientOptions } from './client.js';
export { RancherError, type ErrorKind } from './errors.js';
export { ObjectList, RecordList, type Fields, type FlatRecord, type Walk } from './lists.js';
export { alteredOf, rawOf, Response, type Deleted, type Ensured, type JsonObject, type Kept } from './objects.js';
export * from './generated/resources.js';
