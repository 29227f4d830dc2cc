/**
 * Dangerous things that the sources may do, each in named places alone: draw random numbers, digest and encrypt, run
 * programs, make SQL, expressions or code of texts, write into browsers. A new place is a decision: it gets its line
 * here, with its reason.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const PACKAGE = join(import.meta.dirname, '../..');
const SOURCES = readdirSync(join(PACKAGE, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => ({ path, code: withoutComments(readFileSync(join(PACKAGE, 'src', path), 'utf8')) }));
const SCRIPTS = readdirSync(join(PACKAGE, 'assets/web'))
  .filter((path) => path.endsWith('.js'))
  .map((path) => withoutComments(readFileSync(join(PACKAGE, 'assets/web', path), 'utf8')));

function withoutComments(code: string): string {
  return code.replace(/\/\*[^]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}

/** The files in which the pattern stands. */
const filesWith = (pattern: RegExp): string[] =>
  SOURCES.filter(({ code }) => pattern.test(code))
    .map(({ path }) => path)
    .toSorted();

/** What the first group of the pattern matched, wherever it stands, each once. */
const wordsOf = (pattern: RegExp): string[] => {
  const found = SOURCES.flatMap(({ code }) => [...code.matchAll(pattern)].map(([, word = '']) => word));
  return [...new Set(found)].toSorted();
};

describe('the product', () => {
  it('draws what is secret from the system', () => {
    expect(SOURCES.length).toBeGreaterThan(300);
    // A pause before a transaction is tried again is no secret.
    expect(filesWith(/Math\.random/)).toEqual(['store/postgres.ts']);
  });

  it('knows each digest and cipher that it uses', () => {
    const named = /\b(?:createHash|createHmac|hash|create(?:C|Dec)ipheriv|hkdfSync)\(\s*([^,)]+?)\s*[,)]/g;
    expect(wordsOf(named).filter((word) => word.startsWith("'"))).toEqual(["'aes-256-gcm'", "'sha256'"]);
    // The cipher of sessions is that constant. Git names objects by the format of the repository, SHA-1 as a rule.
    // GitHub signs webhooks by SHA-1 as well. `hash` of passwords is argon2's.
    expect(wordsOf(named).filter((word) => !word.startsWith("'"))).toEqual([
      'CIPHER',
      'algorithm',
      'crypto.randomUUID(',
      'format',
      'password.reveal(',
    ]);
    expect(filesWith(/\bcrypto\.subtle|createCipher\(|createSign|createVerify|pbkdf2|scrypt/)).toEqual([]);
  });

  it('starts programs without a shell', () => {
    expect(filesWith(/\bshell: (?:true|'\/)/)).toEqual([]);
    // Neither `exec` nor `execSync`: those start a shell. `cli/serve/sshd` starts one by name, for a constant script.
    expect(wordsOf(/import \{([^}]*)\} from 'node:child_process'/g).map((words) => words.trim())).toEqual([
      'execFile',
      'execFileSync',
      'spawn',
      'spawnSync',
      'type ChildProcess, spawn',
      'type ChildProcess, spawn, spawnSync',
    ]);
  });

  it('makes no SQL of texts but in migrations', () => {
    expect(filesWith(/\bsql\.raw\(/).filter((path) => !path.startsWith('store/migrations/'))).toEqual([]);
  });

  it('makes regular expressions of texts only where they are escaped or its own', () => {
    expect(filesWith(/\bnew RegExp\(/)).toEqual([
      'actions/accounts/two-factor.ts', // a constant
      'cli/checks/credential-chain.ts', // names of fields
      'cli/checks/overrides.ts', // a host, escaped, at the caller's own machine
      'git/protocol/spoken-bands.ts', // paths, escaped, and a constant
      'store/postgres-connection.ts', // one of two words
    ]);
  });

  it('runs no text as code', () => {
    expect(filesWith(/\beval\(|\bnew Function\(/)).toEqual([]);
    // V8's own collector, by its name.
    expect(filesWith(/node:vm/)).toEqual(['base/garbage.ts']);
  });

  it('compares strictly', () => {
    // `== null` stands for null and undefined. The one file writes a program for the shell.
    expect(filesWith(/[^=!]==\s(?!null\b)|!=\s(?!null\b)/)).toEqual(['cli/completion/posix.ts']);
  });

  // What is typed is kept with its step of the tab's history, which no other page can read.
  it('keeps nothing in browsers, and writes text there, never HTML', () => {
    expect(SCRIPTS).not.toEqual([]);
    const kept = /localStorage|sessionStorage|indexedDB|document\.cookie/;
    const html = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b/;
    const heard = /postMessage|'message'|'paste'/;
    expect(SCRIPTS.flatMap((code) => [kept, html, heard].filter((pattern) => pattern.test(code)))).toEqual([]);
  });
});
