/** The version of this program. */
import { readFileSync } from 'node:fs';

/** As `package.json` has it: `1.2.3`. Read anew by each call. */
export function programVersion(): string {
  return (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string })
    .version;
}
