/** A person changes what their profile shows. Field names are GitHub's ("Update the authenticated user"). */
import { type Complaint, Problem } from '../../base/errors.ts';
import { accountById, setProfile } from '../../store/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { personOf } from './sessions.ts';

/** Longest value of any field, in characters. */
export const MAX_PROFILE_LENGTH = 160;

export const PROFILE_FIELDS = [
  { name: 'bio', label: 'Bio', long: true },
  { name: 'company', label: 'Company', long: false },
  { name: 'location', label: 'Location', long: false },
  { name: 'blog', label: 'Website', long: false },
] as const;

export interface ProfileForm {
  readonly name: string;
  /** By field name; '' = none. */
  readonly values: Readonly<Record<string, string>>;
}

/** Saves the profile. @throws Problem when something is too long, or the website is not a web address */
export async function changeProfile(ctx: Context, permit: Permit, form: ProfileForm): Promise<void> {
  const userId = personOf(permit);
  const fields = [
    { name: 'name', label: 'Name', value: form.name },
    ...PROFILE_FIELDS.map(({ name, label }) => ({ name, label, value: form.values[name] ?? '' })),
  ];
  const complaints = fields.flatMap(complain);
  if (complaints.length > 0) throw new Problem(complaints);
  await ctx.store.transaction(async (tx) => {
    const before = (await accountById(tx, userId))?.profile ?? {};
    const own = Object.fromEntries(
      PROFILE_FIELDS.map(({ name }) => [name, form.values[name] === '' ? null : (form.values[name] ?? null)]),
    );
    await setProfile(tx, userId, { name: form.name, profile: { ...before, ...own } });
    await record(tx, permit, ctx.clock.now(), { action: 'user.update_profile', userId });
  });
}

function complain({ name, label, value }: { name: string; label: string; value: string }): Complaint[] {
  if (value.length > MAX_PROFILE_LENGTH)
    return [{ field: name, code: 'invalid', message: `${label}: at most ${MAX_PROFILE_LENGTH} characters.` }];
  const isLink = name === 'blog' && value !== '';
  return isLink && !/^https?:\/\/[^\s]+$/.test(value)
    ? [{ field: name, code: 'invalid', message: `${label}: an address that begins with https:// or http://.` }]
    : [];
}
