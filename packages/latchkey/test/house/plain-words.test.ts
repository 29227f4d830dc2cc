/**
 * Words that nobody who grew up with English would say, or that only whoever wrote the server understands, with what
 * stands in their place. A page, a mail, an answer and a command use none of them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const PACKAGE = join(import.meta.dirname, '../..');

/** A phrase, and what to write. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\bCan too much\b/, 'More access than it uses'],
  [/\bHow it is\b/, 'Status'],
  [/>\s*Well\s*<|'Well'/, 'Good'],
  [/\bLook at (it|them)\b/, 'Needs a look, or Review'],
  [/\bEnds as a calendar\b|Subscribe to the ends\b/, 'Expiry calendar, Subscribe to expiry dates'],
  [/\bGive it an end\b/, 'Set an expiry date'],
  [/\b(Take|Give|Taken|Given) back\b|\b(took|gave|taken) (it |them )?back\b/, 'Revoke, Restore'],
  [/\bhere since\b/, 'joined'],
  [
    / (is|are|was|reach|reaches|waits|belongs|authorized|demanded|required) [^.'"`]*\bno more\b(?! [\w ]*than)/,
    'no longer',
  ],
  [/\bThe repository is there\b/, 'Repository created.'],
  [/\bYou belong to none\b/, 'You’re not in any organization yet.'],
  [/\bSwitch it on\b/, 'Turn on'],
  [/\bof the REST API that opens\b/, 'See what this opens'],
  [/\bas little as will do\b/, 'Add only what it needs.'],
  [/\bjoins by itself\b/, 'is always included'],
  [/\buses are spent\b/, 'All its uses are used up.'],
  [/\b(is )?gone already\b/, 'already gone'],
  [/\bonce more\b/, 'again'],
  [/\bFor tools that know nothing else\b/, 'Use … only where a tool asks for …'],
  [/\bis to become of\b/, 'what happens to'],
  [/\bGive your (username|password|e-mail)\b/, 'Enter your …'],
  [/\bTick at least\b/, 'Select a … first.'],
  [/\bdid not work\b/, 'the cause'],
  [/\bis known to have changed\b/, 'what changed, and what to do'],
  [/\bsigned in anew\b/, 'signed in again'],
  [/\bGo on only if\b/, 'Continue only if'],
  [/\bnothing left to take away\b/, 'Everything it has is in use.'],
  [/\bby a way on which\b/, 'Send it where only they can read it.'],
  [/\bwere given up\b/, 'could not be sent'],
  [/\bOne sees\b/, 'You see'],
  [/\bsuccessfully\b/i, 'nothing'],
  [/\bMake (the|an|your) (account|first account)\b/, 'Create …'],
  [/\bbegan epoch\b/, 'what the reader sees of it'],
  [/\bEmpty(:| =) (an|any|the|all|from|at)\b/, 'Blank: …'],
  [/\bone a line\b/i, 'one per line'],
  [/\bWhat is said\b/, 'What you see'],
  [/\bLeft out, it is\b/, 'Blank: …'],
  [/\bfrom that moment on\b/, 'from then on'],
  [/\bLife in seconds\b/, 'Lifetime in seconds'],
];

/** The source without comments, on one line; a text over several lines is one text. */
function wordsOf(code: string): string {
  return code
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/['`] \+\s*['`]/g, '')
    .replace(/\s+/g, ' ');
}

const SPOKEN = ['doors', 'catalogue', 'actions', 'rules', 'cli'].flatMap((room) =>
  readdirSync(join(PACKAGE, 'src', room), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(tsx?|json)$/.test(path))
    .map((path) => join('src', room, path)),
);

it('speaks plain English, without a word of the list', () => {
  expect(SPOKEN.length).toBeGreaterThan(300);
  const found = [...SPOKEN, 'assets/web/latchkey.js'].flatMap((path) => {
    const text = wordsOf(readFileSync(join(PACKAGE, path), 'utf8'));
    return WORDS.flatMap(([word, better]) => {
      const match = word.exec(text);
      return match === null ? [] : [`${path}: “${match[0].slice(-60)}”, write: ${better}`];
    });
  });
  expect(found).toEqual([]);
});
