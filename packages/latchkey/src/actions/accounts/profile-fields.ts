/** What people and organizations may say about themselves, and the rules for it. */
import type { Complaint } from '../../base/errors.ts';
import { emailProblem, nameTextProblem } from '../../rules/names.ts';

/** Fields by GitHub's names. Fields that are left out stay; '' and null clear them. */
export interface ProfileFields {
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  readonly blog?: string | undefined;
  readonly company?: string | undefined;
  readonly location?: string | undefined;
  readonly description?: string | undefined;
  readonly bio?: string | undefined;
  readonly twitter_username?: string | null | undefined;
  readonly hireable?: boolean | undefined;
}

/** The longest value of each, as on GitHub where it says so. */
const MAX_PROFILE_LENGTHS = {
  name: 255,
  email: 254,
  blog: 255,
  company: 255,
  location: 255,
  description: 160,
  bio: 160,
  twitter_username: 15,
} as const;

/** Texts, not names: they may have several lines. */
const MULTILINE: ReadonlySet<keyof ProfileFields> = new Set(['description', 'bio']);

/** What is wrong with the fields; empty when nothing is. */
export function profileProblems(fields: ProfileFields): Complaint[] {
  const complaints: Complaint[] = [];
  for (const [field, longest] of Object.entries(MAX_PROFILE_LENGTHS) as [keyof typeof MAX_PROFILE_LENGTHS, number][]) {
    const value = fields[field];
    if (typeof value !== 'string') continue;
    if (value.length > longest)
      complaints.push({ field, code: 'invalid', message: `${field} has at most ${longest} characters.` });
    else if (MULTILINE.has(field)) {
      if (/[\x00-\x1f\x7f]/.test(value.replace(/[\r\n\t]/g, '')))
        complaints.push({ field, code: 'invalid', message: `${field} has no control characters.` });
    } else if (field !== 'email') {
      const unseen = nameTextProblem(field, value);
      if (unseen !== null) complaints.push({ field, code: 'invalid', message: unseen });
    }
  }
  const { email = '', blog = '' } = fields;
  const wrongEmail = email === '' ? null : emailProblem(email);
  if (wrongEmail !== null) complaints.push({ field: 'email', code: 'invalid', message: wrongEmail });
  if (blog !== '' && !(/^https?:\/\/\S+$/.test(blog) && URL.canParse(blog)))
    complaints.push({
      field: 'blog',
      code: 'invalid',
      message: 'blog is an address that begins with http:// or https://.',
    });
  return complaints;
}
