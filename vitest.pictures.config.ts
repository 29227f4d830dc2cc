/** `npm run pictures`: every page as a picture, to be looked at. */
import { configurationOf } from './vitest.config.ts';

export default configurationOf(['packages/latchkey/test/browser/every-picture.ts']);
