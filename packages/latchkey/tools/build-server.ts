/** `npm run build:server`: the npm package of the server, into `packages/latchkey/dist/server`. */
import { join } from 'node:path';
import { writeServerPackage } from './server-package.ts';

await writeServerPackage(join(import.meta.dirname, '../dist/server'));
