/** How descriptors are divided. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { descriptorLimit, shareDescriptors } from '../../../src/base/machine/descriptors.ts';

const DEFAULTS = { gitProcesses: 16, databasePool: 10, connections: null };

it('the limit of this process is known', () => expect(descriptorLimit()).toBeGreaterThan(64));

it.each([
  [64, { gitProcesses: 1, connections: 4, reserve: 4 }],
  [1_024, { gitProcesses: 16, connections: 558, reserve: 16, keptAnswers: 64 }],
  [Infinity, { gitProcesses: 16, connections: 16_384, reserve: 16 }],
])('each part of the process gets its share of %s descriptors', (limit, share) =>
  expect(shareDescriptors(limit, DEFAULTS)).toMatchObject(share),
);

it('an operator may ask for fewer connections, not for more than fit', () => {
  expect(shareDescriptors(1_024, { ...DEFAULTS, connections: 100 }).connections).toBe(100);
  expect(shareDescriptors(1_024, { ...DEFAULTS, connections: 5_000 }).connections).toBe(558);
});

it('what is shared out fits, from 256 descriptors on', () => {
  fc.assert(
    fc.property(fc.integer({ min: 256, max: 100_000 }), fc.integer({ min: 1, max: 1024 }), (limit, asked) => {
      const { gitProcesses, connections, reserve, keptAnswers } = shareDescriptors(limit, {
        ...DEFAULTS,
        gitProcesses: asked,
      });
      expect(gitProcesses).toBeLessThanOrEqual(asked);
      expect(connections + 3 * reserve + keptAnswers + gitProcesses * 12).toBeLessThan(limit - 48);
    }),
  );
});
