// How the package is typed: this compiles, and what must not compile says so.
import {
  type Call,
  alteredOf,
  type Cause,
  Client,
  Collection,
  rawOf,
  RancherError,
  type Deleted,
  type DoctorReport,
  type Ensured,
  type FlatRecord,
  type Kept,
  type managementTypes,
  ObjectList,
  RecordList,
  type Response,
  type WaitProgress,
} from 'rancher-node';
import { Simulator } from 'rancher-node/testing';

type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
/** Compiles only if the type is this one. */
function is<B>() {
  return <A,>(_value: A, _same: Same<A, B>): void => {};
}

type Project = managementTypes.Project;

export async function clients(signal: AbortSignal | undefined, timeout: number | undefined): Promise<void> {
  const client = new Client();
  new Client({});
  new Client({ url: 'https://rancher.example.com', accessKey: 'a', secretKey: 'b', verify: false, timeout: 5_000 });
  new Client({ verify: 'ca.pem', url: process.env['URL'], timeout });
  // @ts-expect-error: no such option
  new Client({ tokn: 'x' });
  // @ts-expect-error: the simulator's process has no public constructor
  new Simulator();
  is<Promise<void>>()(client[Symbol.asyncDispose](), true);
  client[Symbol.dispose]();
  is<string>()(client.describe().url, true);
  // an option that is perhaps undefined fits under exactOptionalPropertyTypes
  await client.version({ signal, timeout });
  // what every call takes can be said once
  const limits: Call = { signal, timeout };
  await client.clusters.wait('local', { state: 'active', ...limits });
  await client.projects.get('local:p-abc12', limits);
  client.projects.list(limits);
  client.projects.watch(limits);
  client.cluster('local').namespace('shop').logs('web', { follow: true, ...limits });
  // @ts-expect-error: milliseconds are a number
  await client.version({ timeout: '5s' });
  // @ts-expect-error: the controller is not its signal
  await client.version({ signal: new AbortController() });
}

export async function lists(client: Client): Promise<void> {
  is<ObjectList<Project>>()(client.projects.list({ cluster: 'c-prod1', where: { name: { in: ['a', 'b'] } }, sort: 'name' }), true);
  is<RecordList>()(client.projects.list({ fields: ['id'] }), true);
  is<RecordList>()(client.projects.list().records({ project: 'id' }), true);
  for await (const project of client.projects.list()) is<Kept<Project>>()(project, true);
  for await (const page of client.projects.list().pages()) is<Kept<Project>[]>()(page, true);
  for await (const record of client.projects.list({ fields: ['id'] })) is<FlatRecord>()(record, true);
  is<Kept<Project> | undefined>()(await client.projects.list().first(), true);
  is<Kept<Project> | undefined>()(await client.projects.first(), true);
  is<number>()(await client.projects.total(), true);
  // what was read has an id
  for (const { id } of await client.projects.list().toArray()) await client.projects.get(id);
  // @ts-expect-error: undefined is no filter
  client.projects.list({ where: { name: undefined } });
  // @ts-expect-error: no such field to filter by
  client.projects.list({ where: { nmae: 'x' } });
  // @ts-expect-error: no such option
  client.projects.list({ pagSize: 5 });
}

export async function objects(client: Client): Promise<void> {
  const projects = client.projects;
  const project = await projects.get('local:p-abc12');
  is<Kept<Project>>()(project, true);
  project.description = 'shop';
  // @ts-expect-error: no such field
  project.nmae = 'x';
  is<Kept<Project>>()(await projects.update(project), true);
  // @ts-expect-error: it was not read
  await projects.update({ name: 'x' });
  is<Kept<Project>>()(await projects.updateWith('local:p-abc12', (read) => void (read.description = 'x')), true);
  is<Kept<Project>>()(await projects.updateWith('local:p-abc12', async (read) => ({ ...read, description: 'x' })), true);
  is<Ensured<Project>>()(await projects.ensure({ name: 'x', clusterId: 'local' }, ['name']), true);
  is<Deleted<Project>>()(await projects.delete('local:p-abc12'), true);
  await projects.wait('local:p-abc12', { state: 'active', deadline: 5_000, onProgress: (progress) => is<WaitProgress>()(progress, true) });
  is<readonly string[]>()(alteredOf(project), true);
  is<Uint8Array | undefined>()(rawOf(project) as Uint8Array | undefined, true);
  const free = await client.collection('projects').get('local:p-abc12');
  free['anything'];
  is<Collection<Project, managementTypes.ProjectWhere>>()(projects, true);
  interface Deployment {
    spec?: { replicas?: number };
  }
  const deployments = client.cluster('c-prod1').resource<Deployment>('deployments', { group: 'apps', namespace: 'shop' });
  const web = await deployments.get('web');
  is<number | undefined>()(web.spec?.replicas, true);
}

export async function others(client: Client): Promise<void> {
  is<DoctorReport>()(await client.doctor({ cluster: 'c-prod1', canI: ['create pods', { verb: 'get', resource: 'pods' }] }), true);
  const answer = await client.request('GET', '/v3/settings', { headers: { accept: 'application/json' } });
  is<Response>()(answer, true);
  is<number>()(answer.status, true);
  is<unknown>()(answer.json(), true);
  const simulator = await Simulator.start({ world: 'fleet', clusters: 2, faults: ['GET /v3/** 429:1'] });
  is<Client>()(simulator.client('admin-unscoped', { retries: 1 }), true);
  await simulator[Symbol.asyncDispose]();
}

export function errors(error: unknown): string {
  if (!(error instanceof RancherError)) throw error;
  switch (error.kind) {
    case 'not_found':
      return error.path ?? '';
    case 'rate_limited':
      is<number | undefined>()(error.retryAfter, true);
      return '';
    case 'a_kind_of_a_newer_server':
      return '';
    default:
      is<number | undefined>()(error.status, true);
      is<readonly Cause[]>()(error.causes, true);
      // @ts-expect-error: what an error says is not changed
      error.kind = 'conflict';
      return error.toJSON()['advice'] as string;
  }
}
