// Applies a secret and a deployment that reads it, and waits until the deployment runs.
import { connect, given } from './connect.mjs';

const [cluster, namespace, name, image] = given(4, 'CLUSTER-ID NAMESPACE NAME IMAGE');
const space = (await connect()).cluster(cluster).namespace(namespace);
const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { MODE: 'shop' } };
await space.apply(secret, 'deploy-example');
const limits = { cpu: '50m', memory: '32Mi' };
const container = { name, image, envFrom: [{ secretRef: { name } }], resources: { limits } };
const template = { metadata: { labels: { app: name } }, spec: { containers: [container] } };
const spec = { replicas: 2, selector: { matchLabels: { app: name } }, template };
await space.apply({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec }, 'deploy-example');
const done = await space.rollout(name).wait();
console.log(`${name}: ${done.status.availableReplicas} pods run ${image}`);
