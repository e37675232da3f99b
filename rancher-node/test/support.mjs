// What the tests share: the simulator, a server with canned answers, and patience with limits.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, RancherError } from '../dist/index.mjs';
import { Simulator } from '../dist/testing.mjs';

process.env.RANCHER_SIM ??= fileURLToPath(new URL('../../target/debug/rancher-sim', import.meta.url));
// no configuration of this machine takes part
for (const name of Object.keys(process.env)) if (/^(RANCHER_(?!SIM)|CATTLE_)/.test(name)) delete process.env[name];
process.env.HOME = process.env.RANCHER_CONFIG_DIR = process.env.KUBECONFIG = '/nonexistent';

export { Client, RancherError, Simulator, sleep };

/** A simulator for a whole file. */
export async function simulated(t, options) {
  const simulator = await Simulator.start({ delayScale: 0, ...options });
  t(() => simulator.stop());
  return simulator;
}

/** The error that a call rejects with. */
export async function failure(call) {
  try {
    await (typeof call === 'function' ? call() : call);
  } catch (error) {
    return error;
  }
  assert.fail('the call went well');
}

/** A server that answers everything with this. */
export async function canned(t, { status = 200, headers = {}, body = '' }) {
  const requests = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    response.writeHead(status, { 'content-type': 'application/json', 'x-api-cattle-auth': 'true', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${server.address().port}`;
  const client = new Client({ url, token: 'token-abc12:secret', allowHttp: true, retries: 1, probes: false });
  return { client, requests, url };
}

/** Waits until it is so, at most 10 seconds. */
export async function until(what, so) {
  for (let left = 500; left > 0; left -= 1) {
    const value = await so();
    if (value) return value;
    await sleep(20);
  }
  assert.fail(`not within 10 s: ${what}`);
}
