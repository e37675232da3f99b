// Says what is wrong with a credential: whether it is dead, scoped to another cluster, or lacks a right.
import { connect, given } from './connect.mjs';

const [cluster] = given(0, '[CLUSTER]');
const client = await connect();
const report = await client.doctor({ cluster });
process.stdout.write(report.text);
process.exitCode = report.exitCode;
