/** What somebody says of an OAuth application, and what is wrong with it. */
import type { Complaint } from '../../base/errors.ts';
import { nameTextProblem } from '../names.ts';
import { Complaints } from '../token-limits.ts';
import { MAX_REDIRECT_URIS, redirectUriProblem } from './redirect-uris.ts';

const MAX_APPLICATION_NAME_LENGTH = 60;
const MAX_HOMEPAGE_LENGTH = 255;

export interface ApplicationDraft {
  readonly name: string;
  /** '' = none. */
  readonly homepage: string;
  readonly redirectUris: readonly string[];
  /** True for a program on a server, which keeps a secret. */
  readonly isConfidential: boolean;
}

/** The draft with its texts trimmed, or every complaint at once. */
export function checkApplication(
  draft: ApplicationDraft,
): { readonly ok: true; readonly draft: ApplicationDraft } | { readonly ok: false; readonly complaints: Complaint[] } {
  const complaints = new Complaints();
  const name = draft.name.trim().replace(/\s+/g, ' ');
  const unseen = nameTextProblem('The name of an application', name);
  if (name === '') complaints.add('name', 'missing_field', 'Give the application a name: people read it when it asks.');
  else if (name.length > MAX_APPLICATION_NAME_LENGTH)
    complaints.add(
      'name',
      'invalid',
      `The name of an application has at most ${MAX_APPLICATION_NAME_LENGTH} characters.`,
    );
  else if (unseen !== null) complaints.add('name', 'invalid', unseen);
  const homepage = draft.homepage.trim();
  if (homepage !== '' && !isHomepage(homepage))
    complaints.add('homepage', 'invalid', 'A homepage begins with https:// and has at most 255 characters.');
  const redirectUris = [...new Set(draft.redirectUris.map((uri) => uri.trim()).filter((uri) => uri !== ''))];
  if (redirectUris.length > MAX_REDIRECT_URIS)
    complaints.add('redirect_uris', 'invalid', `An application has at most ${MAX_REDIRECT_URIS} callback addresses.`);
  for (const uri of redirectUris.slice(0, MAX_REDIRECT_URIS)) {
    const wrong = redirectUriProblem(uri);
    if (wrong !== null) complaints.add('redirect_uris', 'invalid', wrong);
  }
  return complaints.list.length > 0
    ? { ok: false, complaints: complaints.list }
    : { ok: true, draft: { name, homepage, redirectUris, isConfidential: draft.isConfidential } };
}

function isHomepage(text: string): boolean {
  const url = URL.parse(text);
  return (
    text.length <= MAX_HOMEPAGE_LENGTH &&
    url !== null &&
    (url.protocol === 'https:' || url.protocol === 'http:') &&
    url.username === '' &&
    url.password === '' &&
    /^[\u0021-\u007e]+$/.test(text)
  );
}
