/** docs/security/sign-in.md against the code: each figure in it is the one that holds. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ALARM_SEC } from '../../src/actions/accounts/alarms.ts';
import { VERIFICATION_SEC } from '../../src/actions/accounts/emails.ts';
import { RESET_SEC, WELCOME_DAYS } from '../../src/actions/accounts/new-password.ts';
import { CHALLENGE_SEC } from '../../src/actions/accounts/passkeys.ts';
import {
  IDLE_SESSION_SEC,
  MAX_SESSION_SEC,
  SECOND_FACTOR_WAIT_SEC,
  SUDO_SEC,
} from '../../src/actions/accounts/sessions.ts';
import { INVITATION_DAYS, SET_UP_SEC } from '../../src/actions/accounts/sign-up.ts';
import { FRESH_SEC } from '../../src/actions/accounts/sudo.ts';
import { RATE_BUCKETS } from '../../src/actions/ground/rate-limit.ts';
import { CODE_LIFE_SEC, DEVICE_LIFE_SEC } from '../../src/actions/tokens/device-authorization.ts';
import { loadSettings } from '../../src/base/settings/settings.ts';
import { DAY_SEC, HOUR_SEC, MINUTE_SEC } from '../../src/base/time.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const PAGE = readFileSync(join(ROOT, 'docs/security/sign-in.md'), 'utf8');
const SETTINGS = loadSettings({ flags: {}, env: {} });
/** They limit calls and queries, not guesses. */
const OF_CALLS: readonly string[] = ['api-user', 'api-address', 'graphql-user'];

const row = (begin: string): readonly string[] | undefined =>
  PAGE.split('\n')
    .find((line) => line.startsWith(`| ${begin}`))
    ?.split(' | ')
    .map((cell) => cell.replace(/^\||\|$/g, '').trim());

it('docs/security/sign-in.md gives every brake on guessing, with its figures', () => {
  for (const [name, { limit, windowSec }] of Object.entries(RATE_BUCKETS)) {
    if (OF_CALLS.includes(name)) continue;
    const line = PAGE.split('\n').find((text) => text.startsWith('|') && text.includes(`(\`${name}\``));
    const cells = line?.split(' | ').map((cell) => cell.replace(/ \|$/, '')) ?? [];
    expect([name, ...cells.slice(1)]).toEqual([name, String(limit(SETTINGS)), `${windowSec / MINUTE_SEC} minutes`]);
  }
});

it('docs/security/sign-in.md says how long sessions, links and codes live', () => {
  const figures: readonly (readonly [string, number, string, number])[] = [
    ['a session ends when it is unused for', IDLE_SESSION_SEC, 'days', DAY_SEC],
    ['and at the latest after', MAX_SESSION_SEC, 'days', DAY_SEC],
    ['a sign-in waits for its second factor', SECOND_FACTOR_WAIT_SEC, 'minutes', MINUTE_SEC],
    ['reading secrets asks', SUDO_SEC, 'hours', HOUR_SEC],
    ['changing a password, a factor or an address', FRESH_SEC, 'minutes', MINUTE_SEC],
    ['link for a new password | 6', RESET_SEC, 'minutes', MINUTE_SEC],
    ['the same for somebody whose account', WELCOME_DAYS, 'days', 1],
    ['link that verifies an address', VERIFICATION_SEC, 'hours', HOUR_SEC],
    ['invitation | ', INVITATION_DAYS, 'days', 1],
    ['set-up link | ', SET_UP_SEC, 'days', DAY_SEC],
    ['"This wasn\'t me"', ALARM_SEC, 'days', DAY_SEC],
    ['challenge of a passkey', CHALLENGE_SEC, 'minutes', MINUTE_SEC],
    ['code of a command', CODE_LIFE_SEC, 'minute', MINUTE_SEC],
    ['device code | ', DEVICE_LIFE_SEC, 'minutes', MINUTE_SEC],
  ];
  for (const [begin, value, unit, size] of figures)
    expect([begin, row(begin)?.at(-1)]).toEqual([begin, `${value / size} ${unit}`]);
});

it('docs/security/sign-in.md lists all ways in, any number of sessions, all keys and all logs', () => {
  for (const way of ['password', 'one-time code', 'recovery code', 'passkey', 'link for a new password', 'token'])
    expect([way, row(way)?.length]).toEqual([way, 4]);
  expect(row('sessions that a person may have at once')).toContain('any number');
  for (const key of ['passwords', 'checkpoints of the audit log', 'one-time codes', 'TLS'])
    expect([key, row(key)?.length]).toEqual([key, 3]);
  for (const log of ['audit log', 'the server', 'refusals of a token', 'deliveries of webhooks', 'traces'])
    expect([log, row(log)?.length]).toEqual([log, 5]);
});

it('SECURITY.md says how soon a vulnerable dependency is mended', () => {
  const text = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8');
  expect(text).toMatch(/critical or high: within \d+ days; moderate: within \d+ days; low: with the next release/);
});
