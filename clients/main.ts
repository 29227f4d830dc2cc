/**
 * What other people's programs do with this server: `npm run clients -- words`. Each is installed from its registry
 * into a folder of its own; nothing of the checkout depends on them, so no test does.
 */
import { words } from './words.ts';

const USES = 'words   where git clients print what the server says when it refuses\n';

if (process.argv[2] === 'words') await words();
else {
  process.stderr.write(USES);
  process.exitCode = 2;
}
