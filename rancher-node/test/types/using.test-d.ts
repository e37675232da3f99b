// `using` and `await using`.
import { Client } from 'rancher-node';
import { Simulator } from 'rancher-node/testing';

export async function closed(): Promise<void> {
  await using simulator = await Simulator.start();
  await using client = new Client(simulator.options('admin-unscoped'));
  using other = new Client(simulator.options('admin-unscoped'));
  await client.version();
  await other.version();
}
