// Registers a cluster: its manifest goes to standard output, for `kubectl apply -f -` in the cluster. It is a secret.
import { connect, given } from './connect.mjs';

const [name, ...rest] = given(1, 'NAME [--wait]');
const client = await connect();
const cluster = await client.registration.ensureImported(name);
console.log(`# ${cluster.id} ${cluster.created ? 'created' : 'was there'}`);
const manifest = await client.registration.manifest(cluster.id);
console.log(manifest.reveal());
if (rest.includes('--wait')) await client.registration.waitReady(cluster.id);
