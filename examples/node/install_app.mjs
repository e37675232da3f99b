// Installs a chart, shows what Helm writes, and waits until what it deploys runs.
import { connect, given } from './connect.mjs';

const [cluster, namespace, url, chart] = given(4, 'CLUSTER-ID NAMESPACE REPO-URL CHART');
const { apps } = (await connect()).cluster(cluster);
await apps.repos.create('example-charts', url);
await apps.repos.wait('example-charts');
const operation = await apps.install('example-charts', chart, { namespace });
for await (const line of apps.logs(operation.id)) console.log(line.text);
await apps.wait(operation);
console.log(`${operation.chart} ${operation.version} runs`);
