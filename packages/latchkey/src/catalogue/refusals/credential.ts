/**
 * Refusals about the credential itself: missing, unreadable, not ours, dead, or from the wrong place.
 *
 * The reader sent the thing that they are about.
 */
import { MINUTE_SEC, spokenInstant } from '../../base/time.ts';
import {
  help,
  hostOf,
  newFineGrainedPath,
  newPath,
  renewPath,
  sentenceCase,
  shown,
  thePerson,
  theToken,
  tokenPath,
} from './links.ts';
import type { Reason, RefusalEntry, RefusalFacts } from './refusal.ts';

const TOLD_TO_ALL = { strangerMayHear: true, credentialIsDead: true };
/** It could not be read, so nothing is said about the token in it, and no client should forget one. */
const NO_VERDICT_ON_IT = { strangerMayHear: true, credentialIsDead: false };

/** Shows every header that git adds by itself, with the file that sets it. */
const EXTRA_HEADERS = "git config --show-origin --name-only --get-regexp '^http\\..*extraheader$'";

/** What is wrong with a text that should be a token, by its form alone. `how` is that of a misspelling. */
export const UNREADABLE = {
  wrapped: (how: string): string => `A token came, but ${how}, so it could not be read.`,
  placeholder: (how: string): string => `What came in the place of the token is ${how}: a variable was not replaced.`,
} as const;

/**
 * A command with an address that carries a username, or null when there is no repository to name. For a push there is a
 * remote; for a read there may be none.
 */
function remoteWithName({ publicUrl, login, fullName, needed }: RefusalFacts): string | null {
  if (!/^[\w.-]+\/[\w.-]+$/.test(fullName)) return null;
  const command = needed.some(({ level }) => level !== 'read') ? 'git remote set-url origin' : 'git clone';
  return `${command} ${publicUrl.replace('://', `://${login ?? 'git'}@`)}/${fullName}.git`;
}

function waitInWords(sec: number | null): string {
  if (sec === null) return 'a few minutes';
  if (sec < 2 * MINUTE_SEC) return `${sec} second${sec === 1 ? '' : 's'}`;
  return `${Math.ceil(sec / MINUTE_SEC)} minutes`;
}

export const CREDENTIAL_REFUSALS = {
  credentials_missing: {
    ...TOLD_TO_ALL,
    sentence: () => 'Sign in first: any username, and a personal access token as the password.',
    remedy: (facts) => ({ text: 'Create a token here:', url: newFineGrainedPath(facts) }),
    about:
      'The request carried no credential, and what it asks for isn’t public. The answer is the same whether it ' +
      'exists or not.',
  },
  credentials_malformed: {
    ...NO_VERDICT_ON_IT,
    sentence: ({ problem }) => `${sentenceCase(problem ?? 'the Authorization header can’t be read')}.`,
    remedy: ({ needed }) =>
      needed.some(({ permission }) => permission === 'git')
        ? {
            text: 'Mostly git adds a header by itself. This shows each, and the file that says so:',
            command: EXTRA_HEADERS,
          }
        : help(
            'credentials_malformed',
            'Send one header, "Authorization: Bearer TOKEN" or Basic with the token as password:',
          ),
    about:
      'There was a credential, but it can’t be read: two Authorization headers, Basic without a colon, bytes ' +
      'that aren’t text, an unknown scheme. The token in it may be fine, so git keeps what it has stored. Two ' +
      'headers mostly come from a CI system that left one in http.extraHeader; `latchkey doctor` gives the line ' +
      'that unsets it.',
  },
  username_missing: {
    ...TOLD_TO_ALL,
    sentence: () => 'A username is needed, and none was sent. Any name will do: the token alone decides.',
    remedy: (facts) => {
      const command = remoteWithName(facts);
      return command === null
        ? help('username_missing', 'Put a name before the host: https://git@HOST/OWNER/NAME.git')
        : { text: 'Put one into the address:', command };
    },
    about: 'Git sent an empty username. The server asks for one, as GitHub does, and then ignores it.',
  },
  password_empty: {
    ...TOLD_TO_ALL,
    sentence: () => 'A username came, but no token: the password is empty.',
    remedy: (facts) => ({
      text: 'In a script, set the variable that should hold the token. If there is none yet, create one:',
      url: newFineGrainedPath(facts),
    }),
    about:
      'The token belongs where the password goes, and nothing was there. In a script it is usually a variable ' +
      'that isn’t set, such as a secret that a CI system gives only to some branches.',
  },
  token_wrapped: {
    ...NO_VERDICT_ON_IT,
    sentence: ({ problem }) => UNREADABLE.wrapped(problem ?? 'not alone'),
    remedy: () =>
      help('token_wrapped', 'Take away everything but the token where it is kept (a variable, a file, a CI secret):'),
    about:
      'A token is letters, digits and underscores, and nothing else: no quotes of an env file, no angle brackets ' +
      'of an example, no "Bearer", no NAME=, no username, no line break, no base64 around it. The token itself ' +
      'may be fine; correct the place that holds it.',
  },
  placeholder_sent: {
    ...NO_VERDICT_ON_IT,
    sentence: ({ problem }) => UNREADABLE.placeholder(problem ?? 'a placeholder'),
    remedy: (facts) => ({
      text: 'Set it where the command runs (single quotes keep a shell from replacing it). To create a token:',
      url: newFineGrainedPath(facts),
    }),
    about:
      'Something should have put a token there and didn’t: a variable in single quotes, a name without its ' +
      'dollar sign, a secret that a CI system keeps from forks, a line of an example that was pasted as it is, ' +
      'or a value that was copied from a log, where it is hidden.',
  },
  password_not_accepted: {
    ...TOLD_TO_ALL,
    sentence: () => 'That is no token. The password of an account is not accepted here; a personal access token is.',
    remedy: (facts) => ({
      text: 'Create a token and paste it where the password is asked for:',
      url: newFineGrainedPath(facts),
    }),
    about:
      'What was sent as the password doesn’t look like a token. Git and the API take tokens only; the password ' +
      'is for the web pages.',
  },
  password_with_two_factor: {
    strangerMayHear: false,
    credentialIsDead: true,
    sentence: (facts) =>
      `Two-factor authentication is on for ${thePerson(facts, 'this account')}, so the password no longer works here.`,
    remedy: (facts) => ({
      text: 'Create a token and use it in place of the password:',
      url: newFineGrainedPath(facts),
    }),
    about:
      'The account asks for a second factor, which Git and the API cannot send. Told only to whoever sent the ' +
      'right password.',
  },
  token_mistyped: {
    ...TOLD_TO_ALL,
    sentence: () => 'That token is damaged: its last characters do not fit the others.',
    remedy: (facts) => ({
      text: 'Copy it again, whole. If it is lost, create another:',
      url: newFineGrainedPath(facts),
    }),
    about:
      'It begins like a token of this server, but its checksum is wrong: a character was lost, added or changed ' +
      'on the way.',
  },
  token_unknown: {
    ...TOLD_TO_ALL,
    sentence: ({ instanceName, publicUrl }) =>
      `${instanceName} at ${hostOf(publicUrl)} does not know that token. It was deleted, or is for another server.`,
    remedy: (facts) => ({ text: 'Check the address, or create a token here:', url: newFineGrainedPath(facts) }),
    about: 'The token is well formed, but no token with that value exists on this server.',
  },
  token_of_other_product: {
    ...TOLD_TO_ALL,
    sentence: ({ product, instanceName, publicUrl }) =>
      `That looks like a token of ${product ?? 'another product'}. ${instanceName} at ${hostOf(publicUrl)} takes ` +
      `only its own.`,
    remedy: (facts) => ({
      text: 'If it was sent here by mistake, revoke it there. Create one for this server:',
      url: newFineGrainedPath(facts),
    }),
    about:
      'The form is that of another product’s token, often because a credential helper offers what it has. Such a ' +
      'token was shown to a server that should not see it.',
  },
  key_pasted: {
    ...TOLD_TO_ALL,
    sentence: ({ product }) =>
      `That looks like a ${product ?? 'key'}, not like a token. Over HTTPS a token is the password.`,
    remedy: (facts) => ({
      text: 'A private key that was sent is no longer private: replace it. Create a token here:',
      url: newFineGrainedPath(facts),
    }),
    about: 'An SSH key or its fingerprint was pasted where a token belongs. Keys are for SSH remotes.',
  },
  token_expired: {
    ...TOLD_TO_ALL,
    sentence: (facts) =>
      `${sentenceCase(theToken(facts))} ` +
      `expired${facts.expiresAt === null ? '' : ` on ${spokenInstant(facts.expiresAt)}`}.`,
    remedy: (facts) => ({ text: 'Regenerate it, then use the new value:', url: renewPath(facts) }),
    about:
      'The token reached its expiry date. When you regenerate it, it keeps its name and rights, and gets a new ' +
      'value.',
  },
  token_revoked: {
    ...TOLD_TO_ALL,
    sentence: (facts) => {
      const when = facts.revokedAt === null ? '' : ` on ${spokenInstant(facts.revokedAt)}`;
      return (
        `${sentenceCase(theToken(facts))} was ` +
        `revoked${when}${facts.revokedBy === null ? '' : ` (${shown(facts.revokedBy)})`}.`
      );
    },
    remedy: (facts) => ({ text: 'It does not come back. Create another:', url: newPath(facts) }),
    about:
      'Somebody, or a rule, ended the token for good: its owner, an administrator, a report that it leaked, or ' +
      'long disuse.',
  },
  token_replaced: {
    ...TOLD_TO_ALL,
    sentence: (facts) => `${sentenceCase(theToken(facts))} was rotated, and this is its old value.`,
    remedy: (facts) => ({ text: 'Use the new value. If nobody has it, regenerate the token:', url: renewPath(facts) }),
    about:
      'After a rotation, the old value stops working. Its use is reported to the owner: a place was forgotten, ' +
      'or somebody kept a copy.',
  },
  token_not_yet_valid: {
    strangerMayHear: true,
    credentialIsDead: false,
    sentence: (facts) =>
      `${sentenceCase(theToken(facts))} works only from ` +
      `${facts.notBeforeAt === null ? 'a later time' : spokenInstant(facts.notBeforeAt)}.`,
    remedy: (facts) => ({ text: 'Wait until then, or change its start date:', url: tokenPath(facts) }),
    about: 'The token was made for later. It doesn’t have to be replaced.',
  },
  token_used_up: {
    ...TOLD_TO_ALL,
    sentence: (facts) => `${sentenceCase(theToken(facts))} was for a limited number of uses, and none is left.`,
    remedy: (facts) => ({ text: 'Regenerate it with more uses, or create another:', url: renewPath(facts) }),
    about: 'The token was given a number of uses when it was made.',
  },
  owner_suspended: {
    ...TOLD_TO_ALL,
    sentence: (facts) =>
      `The account ${facts.login === null ? 'behind this token' : shown(facts.login)} is suspended, so none of ` +
      `its tokens works.`,
    remedy: ({ instanceName }) => help('owner_suspended', `Ask an administrator of ${instanceName}:`),
    about:
      'An administrator suspended the account. Its tokens work again when it is restored, unless they end in the ' +
      'meantime.',
  },
  owner_disabled_by_provider: {
    ...TOLD_TO_ALL,
    sentence: (facts) =>
      `An identity provider disabled the account ${facts.login === null ? 'behind this token' : shown(facts.login)}, ` +
      `so none of its tokens works.`,
    remedy: ({ instanceName }) =>
      help(
        'owner_disabled_by_provider',
        `Ask whoever manages accounts at the provider, or an administrator of ${instanceName}:`,
      ),
    about:
      'The company’s directory disabled the account. Its tokens work again when the directory enables it again, ' +
      'unless they end in the meantime. If that provider is gone for good, an administrator of this server can ' +
      'lift it.',
  },
  account_locked: {
    strangerMayHear: true,
    credentialIsDead: false,
    sentence: (facts) =>
      `The account ${facts.login === null ? 'behind this token' : shown(facts.login)} is locked, because ` +
      `somebody else may have been in it. Its tokens are frozen until its owner has reviewed them.`,
    remedy: (facts) => ({
      text: `${thePerson(facts, 'Its owner')} can sign in and unlock it:`,
      url: '/settings/unlock',
    }),
    about:
      'The owner said "This wasn\'t me", or an administrator locked the account. Nothing is deleted: after a new ' +
      'password and a review of the tokens, they work again.',
  },
  address_not_allowed: {
    strangerMayHear: false,
    credentialIsDead: false,
    sentence: (facts) => `${sentenceCase(theToken(facts))} may not be used from ${facts.address ?? 'this address'}.`,
    remedy: (facts) => ({
      text: `${thePerson(facts, 'Its owner')} can change where it may be used from:`,
      url: tokenPath(facts),
    }),
    about:
      'The token has a list of addresses from which it works, and the call came from another one, perhaps of a ' +
      'proxy on the way.',
  },
  too_many_attempts: {
    strangerMayHear: true,
    credentialIsDead: false,
    sentence: ({ address }) => `Too many wrong credentials came from ${address ?? 'this address'}.`,
    remedy: ({ retryAfterSec }) =>
      help('too_many_attempts', `Try again in ${waitInWords(retryAfterSec)}, with a token that works:`),
    about: 'Guessing is slowed down by address. Something on that address may be retrying with a dead credential.',
  },
  rate_limited: {
    strangerMayHear: true,
    credentialIsDead: false,
    sentence: () => 'Too many requests in a short time.',
    remedy: ({ retryAfterSec }) => help('rate_limited', `Try again in ${waitInWords(retryAfterSec)}:`),
    about: 'The limit counts all calls of one account, or of one address when nobody is signed in.',
  },
} satisfies Partial<Record<Reason, RefusalEntry>>;
