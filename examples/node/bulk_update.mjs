// Sets a label on every project that has one of these names, in all clusters; an empty value takes it away.
import { connect, given } from './connect.mjs';

const [label, ...names] = given(2, 'KEY=VALUE NAME [NAME…]');
const [, key, value] = /^([^=]+)=(.*)$/.exec(label) ?? [];
if (!key) throw new Error('the label is not KEY=VALUE');
const client = await connect();
let count = 0;
for await (const { id } of client.projects.list({ where: { name: { in: names } } })) {
  // reads it anew, sends only the label, and begins again if somebody else was faster
  await client.projects.updateWith(id, (project) => {
    const { [key]: _, ...others } = project.labels ?? {};
    project.labels = value ? { ...others, [key]: value } : others;
  });
  console.log(`${id} updated`);
  count += 1;
}
if (count === 0) throw new Error('no project has such a name');
