/**
 * `npm run docs`: writes the documents that are drawn from tables in the code. With `--check` it writes nothing, and
 * fails when one is not what it would write.
 *
 * Invariant: a generated document says so in its first lines, and nobody edits it by hand.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROUTE_MAP_SCHEMA } from '../src/catalogue/route-maps/schema.ts';
import { auditDoc } from './audit-doc.ts';
import { configurationDoc } from './configuration-doc.ts';
import { gitlabDoc } from './gitlab-doc.ts';
import { manualPage } from './manual-page.ts';
import { permissionsDoc } from './permissions-doc.ts';
import { troubleshootingDoc } from './troubleshooting-doc.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** Path from the root of the checkout → what generates it. */
const DOCUMENTS: Readonly<Record<string, () => string>> = {
  'docs/audit.md': auditDoc,
  'docs/configuration.md': configurationDoc,
  'docs/gitlab-api.md': gitlabDoc,
  'docs/latchkey.1': manualPage,
  'docs/troubleshooting.md': troubleshootingDoc,
  'docs/permissions.md': permissionsDoc,
  'packages/latchkey/assets/route-map.schema.json': () => `${JSON.stringify(ROUTE_MAP_SCHEMA, null, 2)}\n`,
};

const isCheck = process.argv.includes('--check');
for (const [name, make] of Object.entries(DOCUMENTS)) {
  const path = join(ROOT, name);
  const text = make();
  if (!isCheck) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } else if (currentText(path) !== text) {
    process.stderr.write(`error: ${name} is not what the tables say\nhint: npm run docs\n`);
    process.exitCode = 1;
  }
}

function currentText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
