/** `latchkey admin audit`, on its own database: what an operator and an auditor do with the log. */
import { hash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { type FreshDatabase, readyDatabase } from '../engines/engines.ts';
import { recordingTerminal } from './recording-terminal.ts';

interface Log {
  readonly database: FreshDatabase;
  path(name: string): string;
  audit(line: string): Promise<{ code: number; printed: string; said: string[] }>;
  /** Runs SQL as somebody would at the database's own prompt. */
  tamper(...statements: string[]): void;
}

async function openLog(): Promise<Log> {
  const database = await readyDatabase('sqlite');
  const path = (name: string): string => join(database.dataDir, name);
  const admin = async (line: string) => {
    const terminal = recordingTerminal();
    const code = await run(['admin', ...line.split(' '), '--data', database.dataDir], terminal);
    return { code, printed: terminal.printed.join('\n'), said: terminal.said };
  };
  for (const line of [
    'user add ada --email ada@example.org --verified',
    'org add acme --owner ada',
    'repo add acme/site',
  ])
    expect(await admin(line)).toMatchObject({ code: 0 });
  return {
    database,
    path,
    audit: (line) => admin(`audit ${line}`),
    tamper: (...statements) => {
      const db = new DatabaseSync(path('latchkey.db'));
      for (const statement of statements) db.exec(statement);
      db.close();
    },
  };
}

async function freshLog(): Promise<Log> {
  const log = await openLog();
  onTestFinished(log.database.remove);
  return log;
}

type Line = Record<string, unknown>;
const linesIn = async (path: string): Promise<Line[]> =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

describe('latchkey admin audit', () => {
  it('exports entries with their checkpoints, from which anybody can make the digests, and goes on later', async () => {
    const { audit, path, tamper } = await freshLog();
    const file = path('audit.jsonl');
    expect(await audit(`export --output ${file}`)).toMatchObject({
      code: 0,
      said: ['exported 3 entries; what comes later: --after 3'],
    });
    const lines = await linesIn(file);
    expect(lines.map(({ action }) => action)).toEqual([
      'user.create',
      'org.create',
      'repo.create',
      'audit_log.checkpoint',
    ]);
    // Following docs/audit.md, without the code.
    const text = (line: Line): string =>
      JSON.stringify([
        Number(line['_document_id']),
        Number(line['@timestamp']) / 1000,
        ...['action', 'actor_id', 'actor', 'user_id', 'org_id', 'repo_id', 'about_token_id', 'token_id'].map(
          (name) => line[name] ?? null,
        ),
        line['actor_ip'],
        line['user_agent'],
        JSON.stringify(line['data']),
      ]);
    const [checkpoint = {}] = lines.slice(3);
    const entries = lines.slice(0, 3).map((line) => `${text(line)}\n`);
    expect(checkpoint['entries_digest']).toBe(hash('sha256', entries.join('')));
    const names = ['number', 'first_id', 'last_id', 'entries', 'entries_digest', 'previous'];
    const facts = [...names.map((name) => checkpoint[name]), Number(checkpoint['@timestamp']) / 1000];
    expect(checkpoint['digest']).toBe(hash('sha256', JSON.stringify(facts)));

    // Later, after the machine crashed in the middle of a line.
    tamper("insert into audit (at, action, data_json) values (1790000000, 'user.login', '{}')");
    await writeFile(file, '{"_docu', { flag: 'a' });
    expect(await audit(`export --output ${file} --resume`)).toMatchObject({
      code: 0,
      said: ['exported 1 entries; what comes later: --after 4'],
    });
    const all = await linesIn(file);
    expect(all.slice(0, 4)).toEqual(lines);
    expect(all.slice(4).map(({ action, previous }) => [action, previous])).toEqual([
      ['user.login', undefined],
      ['audit_log.checkpoint', checkpoint['digest']],
    ]);
    // Cut off between an entry and its checkpoint, the export continues with the checkpoint.
    await writeFile(
      file,
      all
        .slice(0, 3)
        .map((line) => `${JSON.stringify(line)}\n`)
        .join(''),
    );
    await audit(`export --output ${file} --resume`);
    expect(await linesIn(file)).toEqual(all);
    expect(
      (await audit('export --after 3')).printed
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(all.slice(4));
    expect((await audit('export --since 2026-09-21 --until 2026-09-22')).printed).toContain('"action":"user.login"');
    expect((await audit('export --through 3 --since 2000-01-01')).said).toEqual([
      'exported 3 entries; what comes later: --after 3',
    ]);
  });

  it('shows how far streams are, and sets one back with an entry that says so', async () => {
    const { audit } = await freshLog();
    expect((await audit('streams')).said).toEqual(['the log is not streamed; see docs/audit.md']);
    expect(await audit('streams --rewind webhook --after 2')).toMatchObject({
      code: 0,
      said: ['the stream webhook goes on after 2'],
    });
    expect(JSON.parse((await audit('streams --json')).printed)).toEqual([
      { name: 'webhook', sent_through: 2, behind: 2, sent_at: null, failures: 0, last_error: null },
    ]);
    expect((await audit('streams')).printed).toMatch(/^NAME .*\nwebhook /);
    expect((await audit('export --after 3')).printed).toContain(
      '"action":"audit_log.rewind_stream","actor":"operator"',
    );
    expect(await audit('streams --rewind webhook --after 99')).toMatchObject({ code: 1 });
    expect(await audit('streams --rewind webhook')).toMatchObject({ code: 2 });
    expect(await audit('streams --rewind pigeon --after 1')).toMatchObject({ code: 2 });
  });

  it('never writes over a file, nor into one that is no export', async () => {
    const { audit, path } = await freshLog();
    const file = path('notes.txt');
    await writeFile(file, 'my notes\nwithout an end');
    expect(await audit(`export --output ${file}`)).toMatchObject({
      code: 1,
      said: [`error: ${file} is there already; go on with it: --resume`, expect.stringMatching('^hint: nothing was')],
    });
    expect(await audit(`export --output ${file} --resume`)).toMatchObject({ code: 1 });
    expect(await readFile(file, 'utf8')).toBe('my notes\nwithout an end');
    expect(await audit('export --resume')).toMatchObject({ code: 2 });
    expect(await audit('export --since tomorrow')).toMatchObject({ code: 2 });
    expect(await audit('export --after -1')).toMatchObject({ code: 2 });
    expect(await audit(`export --output ${path('no/such/folder')}`)).toMatchObject({ code: 1 });
  });
});

describe('latchkey admin audit verify', () => {
  let log: Log;
  beforeAll(async () => {
    log = await openLog();
    return log.database.remove;
  });

  it('ends with 0 while the log is as it was written, and says what it can not tell yet', async () => {
    expect((await log.audit('verify')).said).toEqual([
      'as it was written: 0 entries under 0 checkpoints',
      'written since the last checkpoint, so not told yet: 3',
    ]);
    const { printed, code } = await log.audit('checkpoint');
    expect(code).toBe(0);
    await writeFile(log.path('kept.jsonl'), `${printed}\n`);
    expect(await log.audit(`verify --against ${log.path('kept.jsonl')}`)).toMatchObject({
      code: 0,
      said: ['as it was written: 3 entries under 1 checkpoints'],
    });
    await writeFile(log.path('other.jsonl'), '{"action":"user.login"}\n');
    expect(await log.audit(`verify --against ${log.path('other.jsonl')}`)).toMatchObject({ code: 2 });
    expect(await log.audit(`verify --against ${log.path('none.jsonl')}`)).toMatchObject({ code: 2 });
  });

  it('ends with 1 and names the entry when somebody at the database has changed one', async () => {
    expect(() => log.tamper("update audit set actor_login = 'eve' where id = 2")).toThrow('append-only');
    const [trigger] = ['audit_unchanged'];
    const db = new DatabaseSync(log.path('latchkey.db'));
    const { sql } = db.prepare('select sql from sqlite_master where name = ?').get(trigger) as { sql: string };
    db.close();
    log.tamper(`drop trigger ${trigger}`, "update audit set actor_login = 'eve' where id = 2", sql);
    expect(await log.audit('verify')).toMatchObject({
      code: 1,
      said: [
        'error: an entry was changed: entry 2 (checkpoint 1, entries 1 to 3)',
        'looked at 3 entries under 1 checkpoints',
      ],
    });
    const { code, printed } = await log.audit('verify --json');
    expect(code).toBe(1);
    expect(JSON.parse(printed)).toMatchObject({
      ok: false,
      fault_count: 1,
      faults: [{ kind: 'entry_changed', checkpoint: 1, first_id: 1, last_id: 3, entry: 2 }],
    });
    const refused = await log.audit('prune --before 2001-01-01');
    expect(refused).toMatchObject({
      code: 1,
      said: [expect.stringContaining('ended before 2001-01-01'), expect.any(String)],
    });
    expect(await log.audit('prune --before yesterday')).toMatchObject({ code: 2 });
  });
});
