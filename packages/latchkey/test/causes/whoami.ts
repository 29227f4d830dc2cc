/** `latchkey whoami` with the token of a cause. */
import { expect } from 'vitest';
import type { Reason } from '../../src/catalogue/refusals/refusals.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { ANSWERS } from '../../src/doors/github/refuse.ts';
import type { Cause } from './causes.ts';
import { follow } from './follow.ts';
import { holding, told } from './told.ts';
import type { Try, World } from './world.ts';

/** Told before any server is asked: the text is in a variable, so the variable is what to look at. */
const TOLD_HERE: Readonly<Partial<Record<Reason, string>>> = {
  token_wrapped: "LATCHKEY_TOKEN holds a token in double quotes, so it can't be read",
  placeholder_sent: 'LATCHKEY_TOKEN holds the name of a variable, where a token belongs',
};

/** REST takes no passwords, so one is just a text that no token has. */
const PASSWORDS: ReadonlySet<Reason> = new Set<Reason>(['password_not_accepted', 'password_with_two_factor']);
const NO_TOKEN = 'Latchkey at {host} does not know that token. It was deleted, or is for another server';

/** What concerns a token wherever it is used. All other causes are about one repository or organization. */
const OF_THE_TOKEN: ReadonlySet<Reason> = new Set<Reason>([
  ...PASSWORDS,
  'token_unknown',
  'token_mistyped',
  'token_expired',
  'token_revoked',
  'token_replaced',
  'token_not_yet_valid',
  'token_used_up',
  'token_of_other_product',
  'key_pasted',
  'address_not_allowed',
  'owner_suspended',
  'owner_disabled_by_provider',
  'account_locked',
]);

/**
 * It tells the cause that git was told, once, with one line to follow: the link that git was given, or one to the same
 * page, which is followed here. Where the token lives, it says whose it is.
 * @param named puts what differs between runs into a line's form
 */
export async function sameByWhoami(
  world: World,
  { reason, says }: Cause,
  { attempt, link }: { attempt: Try; link: string },
  named: (line: string) => string,
): Promise<void> {
  const call = (secret: string) => told(['whoami'], { LATCHKEY_URL: world.url, LATCHKEY_TOKEN: secret });
  const here = TOLD_HERE[reason];
  const { code, printed, error = '', hint = '' } = await call(attempt.secret);
  if (here !== undefined) return expect([code, error, printed]).toEqual([EXIT.usage, here, []]);
  if (!OF_THE_TOKEN.has(reason)) return expect([code, printed[0]]).toEqual([EXIT.ok, await whose(world)]);
  const isDead = ANSWERS[reason][0] === 401;
  const words = PASSWORDS.has(reason) ? NO_TOKEN : spoken(says[0] ?? '');
  expect([code, named(error), printed]).toEqual([
    EXIT.refused,
    isDead ? `${words}; it is in LATCHKEY_TOKEN` : words,
    [],
  ]);
  expect(error + hint).not.toContain(attempt.secret);
  if (hint !== link) {
    expect(new URL(hint).pathname).toBe(new URL(link).pathname);
    const { attempt: next } = await follow(world, hint, attempt);
    expect((await call(next.secret)).printed[0]).toBe(`bob at ${world.url}`);
  }
  if (isDead)
    expect(await told(['whoami'], await holding(world.url, attempt.secret))).toMatchObject({
      error: expect.stringMatching(/; the credential helper holds it$/),
      hint: `latchkey login ${world.url}`,
    });
}

/** In the terminal's voice. */
function spoken(line: string): string {
  const plain = line.replace(/\.$/, '');
  return plain.startsWith('Latchkey') ? plain : plain.charAt(0).toLowerCase() + plain.slice(1);
}

async function whose({ server, url }: World): Promise<string> {
  const { login } = await server.context.store.db
    .selectFrom('tokens')
    .innerJoin('accounts', 'accounts.id', 'tokens.user_id')
    .select('accounts.login')
    .orderBy('tokens.id')
    .executeTakeFirstOrThrow();
  return `${login} at ${url}`;
}
