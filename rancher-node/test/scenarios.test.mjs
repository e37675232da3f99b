// The scenarios that every language runs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misfit, Wrong } from './fits.mjs';
import { files, operations, Run, scenarios } from './scenario.mjs';
import { Simulator } from './support.mjs';

/** How many rows of the errors table it has. */
async function done(scenario) {
  const simulator = await Simulator.start({ delayScale: 0, seed: 7, nodes: scenario.nodes });
  try {
    return await new Run(scenario, simulator).run();
  } finally {
    await simulator.stop();
  }
}

for (const file of files.filter((file) => file !== 'errors')) {
  for (const scenario of scenarios(file)) {
    test(`${file}: ${scenario.name}`, { timeout: 120_000 }, () => done(scenario));
  }
}

test('errors table', { timeout: 300_000 }, async () => {
  let [meant, told] = [0, 0];
  const wrong = [];
  for (const scenario of scenarios('errors')) {
    meant += scenario.steps.filter((step) => step.row !== undefined).length;
    try {
      told += await done(scenario);
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      wrong.push(error.message);
    }
  }
  console.log(`errors table: ${told} of ${meant} answers told as meant in node`);
  assert.deepEqual(wrong, []);
  assert.equal(told, meant);
});

test('every operation is called', () => {
  const called = files.flatMap((file) => scenarios(file)).flatMap(({ steps }) => steps).map(({ operation }) => operation);
  assert.deepEqual([...operations.keys()].filter((name) => !called.includes(name)), []);
});

test('what does not fit is told', () => {
  const found = { id: 'a', n: 3, list: ['x', 'y'], text: 'hello', none: null };
  for (const good of [
    { id: 'a', list: ['x', 'y'] },
    { list: { $contains: 'y' }, text: { $contains: 'ell' } },
    { list: { $unordered: ['y', 'x'] }, n: { $at_least: 3, $at_most: 3 } },
    { none: { $absent: true }, gone: { $absent: true }, id: { $any: true, $not: 'b' } },
    { gone: null },
  ]) assert.equal(misfit(good, found), undefined);
  for (const bad of [
    { id: 'b' },
    { other: 1 },
    { list: ['x'] },
    { list: { $unordered: ['x', 'x'] } },
    { list: { $contains: 'z' } },
    { n: { $at_least: 4 } },
    { gone: { $at_least: 0 } },
    { none: { $any: true } },
    { id: { $not: 'a' } },
    { n: '3' },
  ]) assert.ok(misfit(bad, found), JSON.stringify(bad));
});
