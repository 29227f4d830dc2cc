/** `npm run pictures`: every page as a picture, to be looked at; `npm run pictures:readme`: those of the README. */
import { configurationOf } from './vitest.config.ts';

export default configurationOf(['packages/latchkey/test/browser/{every-picture,readme-pictures}.ts']);
