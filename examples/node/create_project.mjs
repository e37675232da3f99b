// Creates a project, waits until it can be used, and deletes it again unless it shall stay.
import { connect, given } from './connect.mjs';

const [cluster, name, ...rest] = given(2, 'CLUSTER NAME [--keep]');
const client = await connect();
const { id: clusterId } = await client.clusters.find(cluster);
let project = await client.projects.create({ name, clusterId });
console.log(`${project.id} created`);
try {
  project = await client.projects.wait(project.id, { condition: 'InitialRolesPopulated' });
} finally {
  if (!rest.includes('--keep')) {
    await client.projects.delete(project.id);
    console.log(`${project.id} deleted`);
  }
}
console.log(`${project.id} was ${project.state ?? 'ready'}`);
