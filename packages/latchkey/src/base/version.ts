/** The version of this program. */
import { readFileSync } from 'node:fs';

/** As in `package.json`: `1.2.3`. Every call reads it again. */
export function programVersion(): string {
  return (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string })
    .version;
}
