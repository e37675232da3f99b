// Finds an object by its name or its id. More than one of that name is an error that names their ids.
import { connect, given } from './connect.mjs';

const [collection, name] = given(2, 'COLLECTION NAME');
const client = await connect();
const found = await client.collection(collection).find(name);
console.log(found.id ?? '-');
for (const field of ['name', 'state', 'value', 'description']) {
  if (typeof found[field] === 'string') console.log(`  ${field}: ${found[field]}`);
}
