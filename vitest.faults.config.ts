/** `npm run test:faults`: the faults of a machine, none left out. What the machine lacks for them fails the run. */
import { configurationOf } from './vitest.config.ts';

export default configurationOf(['packages/latchkey/test/scripts/faults.test.ts'], { LATCHKEY_TEST_FAULTS: 'all' });
