/** An empty repository of ours, through which git reads the objects of another one without that one's settings. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ObjectFormat } from '../processes/profile.ts';

/** What git takes for a bare repository (gitrepository-layout). Written anew, so that nothing else can stand there. */
export function makeBare(path: string, format: ObjectFormat): void {
  for (const folder of ['objects', 'refs']) mkdirSync(join(path, folder), { recursive: true, mode: 0o700 });
  const config =
    format === 'sha1'
      ? '[core]\n\trepositoryformatversion = 0\n\tbare = true\n'
      : '[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = sha256\n';
  for (const [name, text] of [
    ['HEAD', 'ref: refs/heads/main\n'],
    ['config', config],
  ] as const) {
    const draft = join(path, `${name}.${randomUUID()}`);
    writeFileSync(draft, text, { mode: 0o600 });
    renameSync(draft, join(path, name));
  }
}
