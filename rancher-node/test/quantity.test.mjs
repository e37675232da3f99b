// Quantities of Kubernetes: the same table as the core's, which Kubernetes' own parser wrote.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { quantity, RancherError } from 'rancher-node';

const table = new URL('../../rancher-client/src/wire/quantities.tsv', import.meta.url);

test('every quantity is worth what Kubernetes says', () => {
  const lines = readFileSync(table, 'utf8').split('\n').filter((line) => line && !line.startsWith('#'));
  assert.ok(lines.length > 300);
  for (const line of lines) {
    const [text, shown, decimal] = line.split('\t');
    if (shown === 'none') assert.throws(() => quantity(text), RancherError, text);
    else {
      const read = quantity(text);
      assert.deepEqual([read.text, read.decimal, read.nanos], [shown, decimal, quantity(shown).nanos], text);
    }
  }
});

test('quantities compare and add exactly', () => {
  assert.equal(quantity('0.5Gi').nanos, quantity('512Mi').nanos);
  assert.equal(quantity('250m').nanos + quantity(1).nanos, quantity('1250m').nanos);
  assert.ok(quantity('1G').nanos < quantity('1Gi').nanos);
  assert.equal(quantity(9007199254740993n).decimal, '9007199254740993');
});

test('what is none is said', () => {
  assert.throws(() => quantity('1GB'), (error) => error instanceof RancherError && error.kind === 'invalid' && error.message.includes('"1GB" is no quantity'));
  assert.throws(() => quantity('token-abcde:s3cr3ts3cr3ts3cr3t'), (error) => !error.message.includes('s3cr3t'));
});
