// The scenarios of `tests/scenarios`, done by calling the facade by its names.
import { readdirSync, readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { alteredOf, Client, LogLine, ObjectList, RancherError, RecordList, Secret } from '../dist/index.mjs';
import { fits, is, Wrong } from './fits.mjs';

const root = new URL('../../', import.meta.url);
const folder = new URL('tests/scenarios/', root);
const read = (url) => JSON.parse(readFileSync(url, 'utf8'));
const table = read(new URL('rancher-client/bridge/operations.json', root));

/** What can be called, by name. */
export const operations = new Map(table.operations.map((operation) => [operation.name, operation]));

/** The names of the files. */
export const files = readdirSync(folder).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5)).sort();

export const scenarios = (file) => read(new URL(`${file}.json`, folder)).scenarios;

const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

/** Whether an option of an operation is a span of time, which is milliseconds here. */
function isSpan(operation, name) {
  const options = operation.options.flatMap((option) => (typeof option === 'string' ? table.options[option] : [option]));
  return options.find((option) => option.name === name)?.type === 'seconds';
}

/** The words of comparisons in camel case; fields keep their names. */
function comparisons(where) {
  if (Array.isArray(where)) return where.map(comparisons);
  if (typeof where !== 'object' || where === null) return where;
  return Object.fromEntries(Object.entries(where).map(([name, value]) => [['not_like', 'any_of'].includes(name) ? camel(name) : name, comparisons(value)]));
}

/** What comes back, without saying of which type. */
const kindOf = ({ returns }) => returns.replace(/^any /, '');

const targetOf = (part) => part.target ?? part;
const nameOf = (part) => part.name ?? part;

/** How to come to a group with this target: what hands out what. Nothing if there is no way. */
function way(here, group, known, target) {
  if (here === group && is(known, target)) return [];
  for (const child of table.groups[here].children ?? []) {
    const needed = (child.arguments ?? []).map(targetOf);
    if (child.group === here || needed.some((part) => target[part] === undefined)) continue;
    const taken = [...needed, ...(child.options ?? []).map(targetOf).filter((part) => target[part] !== undefined)];
    const inherited = (child.inherits ?? []).filter((part) => known[part] !== undefined);
    const next = Object.fromEntries([...inherited.map((part) => [part, known[part]]), ...taken.map((part) => [part, target[part]])]);
    const rest = way(child.group, group, next, target);
    if (rest) return [child, ...rest];
  }
  return undefined;
}

/** What a watch or a log told, by the names of the scenarios. */
function told(item) {
  if (item instanceof LogLine) return { text: `${item}`, timestamp: item.timestamp ?? null, whole: item.whole };
  const { outage: _, ...fields } = item;
  return fields;
}

/** A value of ours in the words of the table; one that is not in camel case is wrong. */
function snake(value, path = 'value') {
  if (value instanceof Secret) return value.reveal();
  if (Array.isArray(value)) return value.map((item, at) => snake(item, `${path}/${at}`));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => {
    if (name.includes('_')) throw new Wrong(`${path}/${name} is not in camel case`);
    return [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), snake(item, `${path}/${name}`)];
  }));
}

/** One scenario, on a simulator of its own. */
export class Run {
  #scenario;
  #simulator;
  #credential;
  #clients = [];
  #saved = new Map();
  #kept = new Map();

  constructor(scenario, simulator) {
    this.#scenario = scenario;
    this.#simulator = simulator;
    this.#credential = scenario.credential ?? 'admin-unscoped';
  }

  /** How many rows of the errors table it has. */
  async run() {
    await this.#agents(this.#scenario.agents);
    for (const [at, step] of this.#scenario.steps.entries()) {
      try {
        await this.#step(step);
      } catch (error) {
        if (!(error instanceof Wrong)) throw error;
        throw new Wrong(`${this.#scenario.name}: step ${at + 1} (${step.operation ?? 'open'}): ${error.message}`);
      }
    }
    for (const [, client] of this.#clients) await client.close();
    return this.#scenario.steps.filter((step) => step.row !== undefined).length;
  }

  async #agents(agents) {
    if (agents) await this.#simulator.agents(agents);
  }

  async #step(step) {
    this.#credential = step.credential ?? this.#credential;
    await this.#agents(step.agents);
    if (step.faults) {
      await this.#simulator.heal();
      await this.#simulator.fault(...this.#fill(step.faults));
    }
    const before = (await this.#simulator.journal()).length;
    const outcome = { objects: [], pages: 0, events: [], edits: 0 };
    const began = performance.now();
    try {
      if (step.open) outcome.value = new Client(this.#options(step.open)).describe();
      else await this.#call(step, outcome);
    } catch (error) {
      if (!(error instanceof RancherError)) throw error;
      outcome.error = error;
    }
    const took = (performance.now() - began) / 1000;
    const expect = step.expect ?? {};
    this.#check(expect, outcome);
    if (took > (expect.within ?? Infinity)) throw new Wrong(`it took ${took} s`);
    if (expect.requests !== undefined) this.#checkRequests(expect.requests, (await this.#simulator.journal()).slice(before));
    this.#remember(step, outcome);
  }

  #options(options) {
    return Object.fromEntries(Object.entries(this.#fill(options)).map(([name, value]) => [camel(name), name.endsWith('timeout') ? value * 1000 : value]));
  }

  #client() {
    const known = this.#clients.find(([credential]) => is(credential, this.#credential));
    if (known) return known[1];
    const { url, caPem, tokens } = this.#simulator;
    const options = { url, caPem, ...this.#options(this.#scenario.options ?? {}) };
    if (this.#credential === 'anonymous') options.anonymous = true;
    else options.token = typeof this.#credential === 'string' ? tokens[this.#credential] : this.#fill(this.#credential.token);
    const client = new Client(options);
    this.#clients.push([this.#credential, client]);
    return client;
  }

  /** The part of the client that has the methods of a group; by the shortest way there is. */
  #calledOn(group, target) {
    const client = this.#client();
    const { collection, cluster, ...others } = target;
    if (group === 'Client') return client;
    if (group === 'Collection') {
      const noun = nounsOf(client).get(collection);
      if (noun && cluster === undefined && Object.keys(others).length === 0) return client[noun];
      if (cluster !== undefined && !noun && others.project === undefined) return client.cluster(cluster).collection(collection, others);
      return client.collection(collection, { ...others, ...(cluster === undefined ? {} : { cluster }) });
    }
    const ways = way('Client', group, {}, target) ?? [];
    return ways.reduce((part, { method, arguments: given = [], options = [] }) => {
      if (given.length + options.length === 0) return part[camel(method)];
      const named = options.filter((option) => target[targetOf(option)] !== undefined).map((option) => [camel(nameOf(option)), target[targetOf(option)]]);
      return part[camel(method)](...given.map((one) => target[targetOf(one)]), ...(options.length > 0 ? [Object.fromEntries(named)] : []));
    }, client);
  }

  async #call(step, outcome) {
    const operation = operations.get(step.operation);
    const given = this.#fill(step.arguments ?? {});
    const change = this.#fill(step.change ?? {});
    if (given.object?.$kept !== undefined) {
      given.object = this.#kept.get(given.object.$kept);
      if (['update', 'update_status'].includes(operation.method)) patch(given.object, change);
    }
    const positional = operation.arguments.map(({ name }) => given[name]);
    for (const { name } of operation.arguments) delete given[name];
    if (operation.returns === 'edit') {
      positional.push((object) => {
        outcome.edits += 1;
        patch(object, change);
      });
    }
    const options = Object.fromEntries(Object.entries(given).map(([name, value]) => {
      if (name === 'where') return [name, comparisons(value)];
      return [camel(name), isSpan(operation, name) ? value * 1000 : value];
    }));
    if (kindOf(operation).startsWith('wait')) options.onProgress = (event) => outcome.events.push(snake(event, 'event'));
    const part = this.#calledOn(operation.group, this.#fill(step.target ?? {}));
    const result = await part[camel(operation.method)](...positional, options);
    await this.#take(kindOf(operation), result, outcome, step.take);
  }

  async #take(returns, result, outcome, most) {
    const one = (object) => {
      if (object === undefined) return;
      outcome.objects = [object];
      outcome.kept = object;
      outcome.altered ??= [...alteredOf(object)];
    };
    if (result instanceof ObjectList || result instanceof RecordList) {
      const items = [];
      if (most === undefined) {
        for await (const page of result.pages()) {
          outcome.pages += 1;
          items.push(...page);
        }
      } else {
        for await (const item of result) if (items.push(item) === most) break;
      }
      outcome.many = true;
      if (result instanceof RecordList) outcome.records = items;
      else [outcome.objects, outcome.kept] = [items, items[0]];
    } else if (returns === 'Response') {
      const text = result.text();
      let body = text;
      try {
        body = JSON.parse(text);
      } catch {
        // it is a text
      }
      outcome.response = { status: result.status, headers: result.headers, body };
    } else if (returns === 'ensured') {
      [outcome.created, outcome.altered] = [result.created, result.altered];
      one(result.object);
    } else if (returns === 'deleted') {
      outcome.gone = result.gone;
      one(result.object);
    } else if (/^object|^wait$|^wait gone$|^edit$/.test(returns)) {
      one(result);
    } else if (returns === 'events' || returns === 'lines') {
      outcome.value = [];
      for await (const item of result) if (outcome.value.push(told(item)) === most) break;
    } else {
      outcome.value = returns === 'json' ? result : snake(result);
    }
  }

  #check(expect, outcome) {
    const { error } = outcome;
    if (error) {
      this.#noSecret(error);
      if (!expect.error) throw new Wrong(`it failed: ${inspect(error)}`);
      for (const [name, expected] of Object.entries(this.#fill(expect.error))) {
        const field = { text: 'message', message: 'serverMessage' }[name] ?? camel(name);
        fits(`error.${field}`, name === 'retry_after' ? expected * 1000 : expected, error[field]);
      }
      return;
    }
    if (expect.error) throw new Wrong('it went well, and must fail');
    for (const [name, expected] of Object.entries(this.#fill(expect))) {
      if (name === 'nothing') fits('nothing', [], outcome.objects);
      else if (name === 'objects') this.#checkObjects(expected, outcome);
      else if (name === 'object') fits(name, expected, outcome.objects[0]);
      else if (name === 'events') for (const event of expected) fits(name, { $contains: event }, outcome.events);
      else if (name !== 'requests' && name !== 'within') fits(name, expected, outcome[name]);
    }
  }

  #checkObjects(expected, { objects, pages }) {
    const found = { count: objects.length, ids: objects.map(({ id }) => id), pages };
    for (const [name, value] of Object.entries(expected)) {
      if (name === 'every') for (const object of objects) fits('objects.every', value, object);
      else if (name === 'some') for (const some of value) fits('objects.some', { $contains: some }, objects);
      else fits(`objects.${name}`, value, found[name]);
    }
  }

  #checkRequests(expected, entries) {
    const found = entries.map(({ method, target }) => `${method} ${target}`);
    const good = typeof expected === 'number'
      ? expected === found.length
      : expected.length === found.length && this.#fill(expected).every((request, at) => isRequest(request, found[at]));
    if (!good) throw new Wrong(`requests: expected ${inspect(expected)}, found ${inspect(found)}`);
  }

  #noSecret(error) {
    const shown = `${error} ${error.stack} ${inspect(error)} ${JSON.stringify(error)}`;
    for (const [label, token] of Object.entries(this.#simulator.tokens)) {
      if (shown.includes(token.includes(':') ? token.slice(token.indexOf(':') + 1) : token)) throw new Wrong(`the error shows the token ${label}`);
    }
  }

  #remember(step, outcome) {
    const whole = outcome.records ?? (outcome.many ? outcome.objects : undefined) ?? outcome.response ?? outcome.objects[0] ?? outcome.value;
    for (const [name, pointer] of Object.entries(step.save ?? {})) {
      this.#saved.set(name, pointer.split('/').slice(1).reduce((value, part) => value[part], whole));
    }
    if (step.keep !== undefined) this.#kept.set(step.keep, outcome.kept);
  }

  #fill(value) {
    if (typeof value === 'string') return this.#text(value);
    if (Array.isArray(value)) return value.map((item) => this.#fill(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#fill(item)]));
  }

  #text(text) {
    const whole = /^\{saved:([^{}]+)\}$/.exec(text);
    if (whole) return this.#known('saved', whole[1]);
    return text.replace(/\{(cluster|project|user|username|password|token|key|saved):([^{}]+)\}|\{url\}/g, (_, what, name) => this.#known(what ?? 'url', name));
  }

  #known(what, name) {
    const { url, clusters, projects, users, tokens } = this.#simulator;
    const value = { url, cluster: clusters[name], project: projects[name], user: users[name]?.id, username: users[name]?.username, password: users[name]?.password, token: tokens[name], key: tokens[name]?.split(':')[0], saved: this.#saved.get(name) }[what];
    if (value === undefined) throw new Wrong(`there is no ${what}:${name}`);
    return value;
  }
}

/** The collections that have a word of their own, and the word. */
function nounsOf(client) {
  const words = [];
  for (let type = Object.getPrototypeOf(client); type !== Object.prototype; type = Object.getPrototypeOf(type)) {
    words.push(...Object.entries(Object.getOwnPropertyDescriptors(type)).filter(([, { get }]) => get).map(([name]) => name));
  }
  return new Map(words.map((name) => [client[name]?.target?.collection, name]));
}

/** A merge patch, as RFC 7396 has it, in place. */
export function patch(value, change) {
  for (const [key, item] of Object.entries(change)) {
    if (item === null) delete value[key];
    else if (typeof item === 'object' && !Array.isArray(item)) {
      if (typeof value[key] !== 'object' || value[key] === null || Array.isArray(value[key])) value[key] = {};
      patch(value[key], item);
    } else value[key] = item;
  }
}

/** The same method and path, and every pair of the query that is expected. */
function isRequest(expected, found) {
  const [path, pairs = ''] = expected.split('?');
  const [foundPath, foundPairs = ''] = found.split('?');
  return path === foundPath && pairs.split('&').filter(Boolean).every((pair) => foundPairs.split('&').includes(pair));
}
