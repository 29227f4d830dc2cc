/**
 * Every block of code in every document is run, or says why not; every `latchkey` command that a document names exists
 * with its options. `documents/snippets.test.ts` runs those that a shell runs.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, onTestFinished, test } from 'vitest';
import { readProviderFile } from '../../src/actions/identity/provider-file.ts';
import { loadSettings } from '../../src/base/settings/settings.ts';
import { parseRouteMap } from '../../src/catalogue/route-maps/file.ts';
import { buildClient } from '../../src/cli/client-program.ts';
import { everyCommand } from '../../src/cli/command-tree.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { blocksIn, ROOT, read } from '../../tools/documents.ts';
import { recordingTerminal } from '../cli/recording-terminal.ts';
import { BLOCKS, PAGES } from '../documents/blocks.ts';
import { GENERATED, type Held, SNIPPETS } from '../documents/snippets.ts';

const CONFIG = '/etc/latchkey/latchkey.yaml';
const TESTS = 'packages/latchkey/test';

test('every block of code of every document has its line in the table, and no line is left over', () => {
  const inTable = Object.fromEntries(
    Object.entries(SNIPPETS).map(([page, lines]) => [page, lines.map(([begins]) => begins)]),
  );
  const inPages = PAGES.filter((page) => !(page in GENERATED)).map((page) => {
    const begins = inTable[page] ?? [];
    const lines = blocksIn(page).map(({ firstLine }, i) =>
      firstLine.startsWith(begins[i] ?? '\n') ? begins[i] : firstLine,
    );
    return [page, lines] as const;
  });
  expect(Object.fromEntries(inPages.filter(([, lines]) => lines.length > 0))).toEqual(inTable);
  for (const page of Object.keys(GENERATED)) expect(PAGES).toContain(page);
});

test('what the table says of tests is so', () => {
  const clientsOf = read('clients/main.ts');
  const testOf = (path: string): string =>
    readFileSync(join(ROOT, path.startsWith('packages/') ? path : join(TESTS, path)), 'utf8');
  for (const { name, page, block, held } of BLOCKS) {
    // Not by `toContain`, which would show the whole file.
    if ('runBy' in held) expect(testOf(held.runBy).includes(page.split('/').at(-1) ?? page), name).toBe(true);
    if ('triedBy' in held) {
      expect(testOf(held.triedBy).includes(held.words), name).toBe(true);
      expect(block.text, name).toContain(held.words);
    }
    if ('clients' in held) expect(clientsOf.includes(`what === '${held.clients}'`), name).toBe(true);
  }
  for (const path of Object.values(GENERATED)) expect(testOf(path)).not.toBe('');
});

/** Commands as documents write them: alone in quotes, or as a line, perhaps after a prompt or npm's own words. */
const NAMED = /`latchkey ([a-z][^`\n]*)`|^(?:\$ )?(?:npm run -s )?latchkey (?:-- )?([a-z][^\n]*)$/gm;

/** Path of a command → its options. The client has commands that the server has not, and the other way round. */
const COMMANDS = new Map(
  [buildClient, buildProgram]
    .flatMap((build) => everyCommand(build(recordingTerminal())))
    .map((command) => {
      const path = [command, ...parentsOf(command)].toReversed().map((each) => each.name());
      return [path.slice(1).join(' '), command] as const;
    }),
);

function parentsOf(command: Command): Command[] {
  return command.parent === null ? [] : [command.parent, ...parentsOf(command.parent)];
}

/** What is wrong with a line after `latchkey`: a command or an option that there isn't. */
function faultOf(line: string): string | null {
  const words = (line.replace(/ +# .*$/, '').split(/ [|>&<]/)[0] ?? '').split(' ');
  let path = '';
  while (COMMANDS.has(`${path} ${words[0]}`.trim())) path = `${path} ${words.shift()}`.trim();
  const command = COMMANDS.get(path);
  const isWhole = command?.commands.length === 0 || words.length === 0 || /^(?:-|…)/.test(words[0] ?? '');
  if (path === '' || !isWhole) return 'no such command';
  const known = new Set(['--help', ...(command?.options.flatMap(({ long, short }) => [long, short]) ?? [])]);
  const unknown = words
    .map((word) => word.replace(/=.*/, ''))
    .filter((word) => /^--?[a-z]/.test(word) && !known.has(word));
  return unknown.length === 0 ? null : `no such option: ${unknown.join(' ')}`;
}

test('every command that a document names exists, with each of its options', () => {
  const lines = PAGES.filter((page) => page !== 'CHANGELOG.md').flatMap((page) =>
    [
      ...read(page)
        .replaceAll(/ *\\\n +/g, ' ')
        .matchAll(NAMED),
    ].map(([, inline, line]) => ({ page, line: inline ?? line ?? '' })),
  );
  expect(lines.length).toBeGreaterThan(100);
  // `admin user|org rename` is two.
  const each = lines.flatMap(({ page, line }) => {
    const words = /(?<= )[a-z-]+(?:\|[a-z-]+)+(?= )/.exec(line)?.[0];
    return words === undefined
      ? [{ page, line }]
      : words.split('|').map((word) => ({ page, line: line.replace(words, word) }));
  });
  const wrong = each.flatMap(({ page, line }) => {
    const fault = faultOf(line);
    return fault === null ? [] : [`${page}: latchkey ${line}: ${fault}`];
  });
  expect(wrong).toEqual([]);
  expect([faultOf('admin tokens add'), faultOf('admin repo add acme/x --privat')]).not.toContain(null);
});

const READERS: Readonly<Record<Extract<Held, { readAs: string }>['readAs'], (text: string, folder: string) => void>> = {
  json: (text) => void JSON.parse(text),
  'route map': (text) => expect(parseRouteMap(text)).toHaveProperty('services'),
  settings: (text) => void loadSettings({ flags: { config: CONFIG }, env: {}, file: { path: CONFIG, text } }),
  providers: (text, folder) => {
    const path = join(folder, 'providers.yaml');
    writeFileSync(join(folder, 'work.secret'), 'secret');
    // A piece belongs to the provider that the document begins with.
    const [whole] = blocksIn('docs/single-sign-on.md');
    writeFileSync(path, text.includes('providers:') ? text : `${whole?.text}${text}`);
    expect(readProviderFile(path).length).toBeGreaterThan(0);
  },
};

test('what is read by a program alone is read by it without a complaint', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-documents-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const { name, block, held } of BLOCKS)
    if ('readAs' in held) expect(() => READERS[held.readAs](block.text, folder), name).not.toThrow();
});
