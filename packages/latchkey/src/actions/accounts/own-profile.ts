/**
 * A person changes what their profile shows, and in which zone they read times. Field names are GitHub's ("Update the
 * authenticated user").
 */
import { type Complaint, Problem, problem } from '../../base/errors.ts';
import { isTimeZone } from '../../base/time.ts';
import { accountById, setProfile } from '../../store/accounts.ts';
import { setTimeZone } from '../../store/time-zones.ts';
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

/** @param zone null = as the browser says: the next page asks it again. @throws Problem for a zone nobody knows */
export async function chooseTimeZone(ctx: Context, permit: Permit, zone: string | null): Promise<void> {
  if (zone !== null && !isTimeZone(zone))
    throw problem('invalid', 'Choose a time zone such as Europe/Berlin.', 'time_zone');
  await ctx.store.transaction((tx) => setTimeZone(tx, personOf(permit), zone));
}

/** What a browser says, kept only while no zone is known. @throws Problem as above */
export async function noteTimeZone(ctx: Context, permit: Permit, zone: string): Promise<void> {
  if (!isTimeZone(zone)) throw problem('invalid', 'Choose a time zone such as Europe/Berlin.', 'time_zone');
  await ctx.store.transaction((tx) => setTimeZone(tx, personOf(permit), zone, { onlyFirst: true }));
}
