/** `npm run test:faults`: the faults of a machine, none left out. What the machine lacks for them fails the run. */
import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['packages/latchkey/test/scripts/faults.test.ts'],
    env: { LATCHKEY_TEST_FAULTS: 'all' },
  },
});
