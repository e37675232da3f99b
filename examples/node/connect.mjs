// What the example programs share: a server to talk to, their arguments, and a plain way to fail.
import { basename } from 'node:path';
import { Client } from 'rancher-node';
import { Simulator } from 'rancher-node/testing';

/**
 * A client for the server that the environment names, or for a simulated one, of which it tells on standard error. The
 * simulator ends with the program.
 *
 * A server is named by any variable `RANCHER_*` or `CATTLE_*`. Without one nothing else is looked at: an example that
 * changes things does so on a server that was meant.
 */
export async function connect() {
  const named = ([name, value]) => value && name !== 'RANCHER_SIM' && /^(RANCHER|CATTLE)_/.test(name);
  if (Object.entries(process.env).some(named)) return new Client();
  console.error('RANCHER_URL is not set: this is a simulator');
  const simulator = await Simulator.start({ delayScale: 0, nodes: 500 });
  return simulator.client('admin-unscoped');
}

/** The arguments of the program, at least so many beside its options; the options come last. */
export function given(count, usage) {
  const words = process.argv.slice(2);
  const names = words.filter((word) => !word.startsWith('--'));
  if (names.length < count) throw new Error(`usage: ${basename(process.argv[1], '.mjs')} ${usage}`);
  return [...names, ...words.filter((word) => word.startsWith('--'))];
}

// what fails is one line, and the exit status 1
process.on('uncaughtException', (error) => {
  console.error(`Error: ${error.message}`);
  process.exit(1);
});
