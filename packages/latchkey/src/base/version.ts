/**
 * The package that this program comes in: its version, and where its files are that are no modules.
 *
 * Invariant: this module lies two folders below the package's root, in `src/base`, in `dist/base`, and in the bundle,
 * whose modules all lie in one such folder.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The absolute path of a file of the package, by its path from the root: `assets/hooks/`. */
export function packageFile(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** As in `package.json`: `1.2.3`. Every call reads it again. */
export function programVersion(): string {
  return (JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string }).version;
}
