/** Whether gitleaks, as it comes from its registry, finds tokens with the rules of docs/tokens.md. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../bench/command.ts';
import { mintTokenText } from '../packages/latchkey/src/rules/token-text.ts';

const DOCUMENT = join(import.meta.dirname, '../docs/tokens.md');
const GITLEAKS = 'github.com/zricethezav/gitleaks/v8@latest';

interface Found {
  readonly Secret: string;
}

/** Fails unless gitleaks finds exactly the tokens. */
export async function scanners(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-scanners-'));
  try {
    const rules = /```toml\n([\s\S]*?)```/.exec(await readFile(DOCUMENT, 'utf8'))?.[1];
    if (rules === undefined) throw new Error(`${DOCUMENT} has no rules for gitleaks`);
    await run('go', ['install', GITLEAKS], { env: { ...process.env, GOBIN: folder } });
    const tokens = (['fine-grained', 'classic', 'scoped'] as const).flatMap((kind) =>
      [null, 'acme'].map((prefix) => mintTokenText(kind, randomBytes, prefix)),
    );
    await mkdir(join(folder, 'files'));
    await writeFile(join(folder, 'rules.toml'), rules);
    await writeFile(join(folder, 'files/app.env'), tokens.map((token) => `TOKEN="${token}"\n`).join(''));
    const report = join(folder, 'report.json');
    const args = ['dir', '--config', join(folder, 'rules.toml'), '--report-path', report, '--exit-code', '0'];
    await run(join(folder, 'gitleaks'), [...args, join(folder, 'files')]);
    const found = (JSON.parse(await readFile(report, 'utf8')) as Found[]).map(({ Secret }) => Secret);
    const missed = tokens.filter((token) => !found.includes(token));
    console.log(`gitleaks found ${tokens.length - missed.length} of ${tokens.length} tokens`);
    if (missed.length > 0) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
