/** `npm run package:deb`: the Debian package for the architecture of this machine, into `packages/latchkey/dist`. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ARCHITECTURES,
  type Architecture,
  buildDebianPackage,
  debianFileName,
  writeDebianTree,
} from './debian-tree.ts';

const arch = (Object.keys(ARCHITECTURES) as Architecture[]).find((name) => name === process.arch);
if (process.platform !== 'linux' || arch === undefined)
  throw new Error(`there is no Debian package for ${process.platform} on ${process.arch}`);

const file = join(import.meta.dirname, '../dist', debianFileName(arch));
const folder = mkdtempSync(join(tmpdir(), 'latchkey-deb-'));
try {
  await writeDebianTree(join(folder, 'tree'), arch, process.execPath);
  buildDebianPackage(join(folder, 'tree'), file);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`${file}, ${(statSync(file).size / 1e6).toFixed(1)} MB\n`);
