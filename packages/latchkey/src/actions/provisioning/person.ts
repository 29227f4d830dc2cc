/**
 * What a directory says of a person, looked at before anything is stored: whether it fits, and which login and name an
 * account gets from it.
 */
import { problem } from '../../base/errors.ts';
import { emailProblem, loginLike, loginProblem, nameTextProblem } from '../../rules/names.ts';
import type { ProvisionedPerson } from '../../store/provisioning.ts';

const MAX_TEXT_LENGTH = 255;
const MAX_ADDRESSES = 20;

/** Its fields, and nothing else that came with them. */
export function personOf({ userName, externalId, displayName, name, emails }: ProvisionedPerson): ProvisionedPerson {
  const { formatted, givenName, familyName } = name;
  return {
    userName,
    externalId,
    displayName,
    name: { formatted, givenName, familyName },
    emails: emails.map(({ value, type, primary }) => ({ value, type, primary })),
  };
}

/** The name that pages show. */
export function shownName({ displayName, name }: ProvisionedPerson): string {
  const whole = [name.givenName, name.familyName].filter(Boolean).join(' ');
  return (displayName ?? name.formatted ?? whole).trim().slice(0, MAX_TEXT_LENGTH);
}

/** @throws Problem about the first thing that can't be stored */
export function demandFit({ userName, externalId, displayName, name, emails }: ProvisionedPerson): void {
  if (userName.trim() === '') throw problem('missing_field', 'userName is needed.', 'userName');
  const texts = { userName, externalId, displayName, ...name } as const;
  for (const [field, text] of Object.entries(texts)) {
    if (text === null) continue;
    if (text.length > MAX_TEXT_LENGTH)
      throw problem('invalid', `${field} has at most ${MAX_TEXT_LENGTH} characters.`, field);
    const unseen = nameTextProblem(field, text);
    if (unseen !== null) throw problem('invalid', unseen, field);
  }
  if (emails.length > MAX_ADDRESSES)
    throw problem('invalid', `emails has at most ${MAX_ADDRESSES} addresses.`, 'emails');
  for (const { value } of emails) {
    const wrong = emailProblem(value);
    if (wrong !== null) throw problem('invalid', wrong, 'emails');
  }
}

/** The login that follows from a user name. @throws Problem when none can */
export function loginFrom(userName: string): string {
  const login = loginLike(userName);
  const wrong = loginProblem(login);
  if (wrong !== null)
    throw problem('invalid', `From the user name ${userName} no login can be made here. ${wrong}`, 'userName');
  return login;
}
