/** Which of GitHub's endpoints this door serves. */
import { expect, it } from 'vitest';
import { ENDPOINTS } from '../../../src/doors/github/endpoints.ts';
import { OPERATIONS } from './schema-harness.ts';

it('every endpoint of the described part of GitHub is served', () => {
  const served = new Set(ENDPOINTS.map(({ method, path }) => `${method} ${path}`));
  expect(OPERATIONS.length).toBeGreaterThan(70);
  expect(
    OPERATIONS.map(({ method, path }) => `${method} ${path}`).filter((operation) => !served.has(operation)),
  ).toEqual([]);
});
