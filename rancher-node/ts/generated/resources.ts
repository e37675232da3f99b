// Written by hand until the generated ones are there.

import { type Call, Calls, seconds } from '../border.js';
import type { ObjectList } from '../lists.js';
import type { JsonObject, Kept } from '../objects.js';

export class Collection<T = JsonObject> extends Calls {
  get(id: string, options: Call = {}): Promise<Kept<T>> {
    return this.object<T>('v3.get', { id, timeout: seconds(options.timeout) }, options);
  }
  list(options: Call = {}): ObjectList<T> {
    return this.objects<T>('v3.list', { timeout: seconds(options.timeout) }, options);
  }
}

export interface ServerVersion { version: string; gitCommit: string; prime: string }

export class ClientOperations extends Calls {
  get projects(): Collection { return this.child(Collection<JsonObject>, { collection: 'projects' }); }
  get clusters(): Collection { return this.child(Collection<JsonObject>, { collection: 'clusters' }); }
  version(options: Call = {}): Promise<ServerVersion> {
    return this.value<ServerVersion>('version', { timeout: seconds(options.timeout) }, options);
  }
}
