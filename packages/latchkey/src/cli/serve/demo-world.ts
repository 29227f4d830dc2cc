/**
 * The demo's world, as data: a small company with a web site, a ledger and a handbook, and the tokens that its people
 * use.
 *
 * Invariant: it has every kind of token, every visibility and every way to belong to a repository.
 */

import type { RepositoryRole } from '../../catalogue/roles.ts';
import type { TokenDraft } from '../../rules/draft.ts';
import type { OrganizationRole, Visibility } from '../../rules/model.ts';
import type { DemoCommit } from './demo-history.ts';

/** `is`: what the person has to do with the demo, for whoever wants to be them. */
interface DemoPerson {
  readonly login: string;
  readonly name: string;
  readonly email: string;
  readonly admin: boolean;
  readonly is: string;
}

const ada: DemoPerson = {
  login: 'ada',
  name: 'Ada Winter',
  email: 'ada@acme.example',
  admin: true,
  is: 'owns acme and administers the server; a request waits for her',
};
const grace: DemoPerson = {
  login: 'grace',
  name: 'Grace Okafor',
  email: 'grace@acme.example',
  admin: false,
  is: 'a member of acme who writes site and ledger',
};
const mori: DemoPerson = {
  login: 'mori',
  name: 'Mori Tanabe',
  email: 'mori@acme.example',
  admin: false,
  is: 'a member of acme who maintains ledger',
};
const teodor: DemoPerson = {
  login: 'teodor',
  name: 'Teodor Lindqvist',
  email: 'teodor@studio.example',
  admin: false,
  is: 'an outside collaborator, whose token waits for approval',
};

export const DEMO_PEOPLE: readonly DemoPerson[] = [ada, grace, mori, teodor];
export const DEMO_ORGANIZATION = { name: 'acme', owner: 'ada' };
export const DEMO_MEMBERS: readonly { readonly login: string; readonly role: OrganizationRole }[] = [
  { login: 'grace', role: 'member' },
  { login: 'mori', role: 'member' },
];

export interface DemoRepository {
  readonly owner: string;
  readonly name: string;
  readonly visibility: Visibility;
  readonly description: string;
  readonly commits: readonly DemoCommit[];
}

const page = (title: string, body: string): string =>
  `<!doctype html>\n<html lang="en">\n<title>${title}</title>\n<link rel="stylesheet" ` +
  `href="style.css">\n<h1>${title}</h1>\n${body}\n</html>\n`;

export const DEMO_REPOSITORIES: readonly DemoRepository[] = [
  {
    owner: 'acme',
    name: 'site',
    visibility: 'public',
    description: 'The web site of Acme Clocks',
    commits: [
      {
        author: ada,
        day: 0,
        message: 'Begin the site',
        files: {
          'README.md': '# Acme Clocks\n\nThe web site, as plain files.\n',
          'index.html': page('Acme Clocks', '<p>We repair clocks.</p>'),
        },
      },
      {
        author: grace,
        day: 1,
        message: 'Add a style sheet\n\nOne column, large type: most people read this on a phone.',
        files: { 'style.css': 'body { max-width: 40rem; margin: 2rem auto; font: 1.125rem/1.5 sans-serif; }\n' },
      },
      {
        author: teodor,
        day: 3,
        message: 'Draw the logo',
        files: {
          'logo.svg':
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"><circle cx="10" cy="10" r="9" ' +
            'fill="none" stroke="#333"/><path d="M10 4v6l4 2" fill="none" stroke="#333"/></svg>\n',
        },
      },
      {
        author: grace,
        day: 4,
        message: 'Say when we are open',
        files: {
          'index.html': page(
            'Acme Clocks',
            '<img src="logo.svg" alt="" width="80">\n<p>We repair clocks.</p>\n<p>Open Tuesday to Saturday, 9 to ' +
              '17.</p>',
          ),
        },
      },
      {
        author: mori,
        day: 9,
        message: 'Check links on every push',
        files: {
          '.github/workflows/links.yml':
            'name: links\non: push\njobs:\n  check:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: ' +
            'actions/checkout@v4\n      - run: ./check-links.sh\n',
          'check-links.sh': "#!/bin/sh\n! grep -rn 'href=\"http:' --include=*.html .\n",
        },
      },
    ],
  },
  {
    owner: 'acme',
    name: 'ledger',
    visibility: 'private',
    description: 'Invoices and payments',
    commits: [
      {
        author: mori,
        day: 2,
        message: 'Start the ledger',
        files: {
          'README.md': '# Ledger\n\nOne file a month; amounts in cents.\n',
          '2026-01.csv': 'date,who,cents\n2026-01-07,Town hall,48000\n',
        },
      },
      {
        author: ada,
        day: 8,
        message: 'Add the station clock',
        files: { '2026-01.csv': 'date,who,cents\n2026-01-07,Town hall,48000\n2026-01-13,Railway station,125000\n' },
      },
      {
        author: mori,
        day: 30,
        message: 'Open February',
        files: { '2026-02.csv': 'date,who,cents\n2026-02-04,School,9900\n' },
      },
    ],
  },
  {
    owner: 'acme',
    name: 'handbook',
    visibility: 'internal',
    description: 'How we work',
    commits: [
      {
        author: grace,
        day: 5,
        message: 'Write down how we work',
        files: {
          'README.md': '# Handbook\n\n- [Tokens](tokens.md)\n',
          'tokens.md':
            '# Tokens\n\nGive a token what it needs and an end, and name it after the machine it lives on.\n',
        },
      },
      {
        author: ada,
        day: 6,
        message: 'Add what to do with a lost token',
        files: {
          'tokens.md':
            '# Tokens\n\nGive a token what it needs and an end, and name it after the machine it lives ' +
            'on.\n\nLost one? Revoke it first, ask questions later.\n',
        },
      },
    ],
  },
  {
    owner: 'ada',
    name: 'notes',
    visibility: 'private',
    description: '',
    commits: [
      { author: ada, day: 7, message: 'First note', files: { 'todo.md': '- order springs\n- call the station\n' } },
      { author: ada, day: 12, message: 'Springs have arrived', files: { 'todo.md': '- call the station\n' } },
    ],
  },
  {
    owner: 'teodor',
    name: 'clock-faces',
    visibility: 'public',
    description: 'Dials, free to use',
    commits: [
      {
        author: teodor,
        day: 10,
        message: 'Publish the first dial',
        files: { 'README.md': '# Clock faces\n', 'roman.txt': 'XII I II III IIII V VI VII VIII IX X XI\n' },
      },
    ],
  },
];

export const DEMO_COLLABORATORS: readonly {
  readonly owner: string;
  readonly name: string;
  readonly login: string;
  readonly role: RepositoryRole;
}[] = [
  { owner: 'acme', name: 'site', login: 'grace', role: 'write' },
  { owner: 'acme', name: 'ledger', login: 'grace', role: 'write' },
  { owner: 'acme', name: 'ledger', login: 'mori', role: 'maintain' },
  { owner: 'acme', name: 'site', login: 'teodor', role: 'triage' },
];

const scopes = (
  userLogin: string,
  kind: 'classic' | 'scoped',
  name: string,
  list: readonly string[],
  expiresInDays: number | null,
): TokenDraft => ({ userLogin, kind, name, description: '', expiresInDays, scopes: list, grants: [] });

export const DEMO_TOKENS: readonly TokenDraft[] = [
  {
    userLogin: 'ada',
    kind: 'fine-grained',
    name: 'laptop',
    description: 'Pushes to the site and reads the ledger',
    expiresInDays: 30,
    scopes: [],
    grants: [
      {
        owner: 'acme',
        selection: 'selected',
        repositories: ['site', 'ledger'],
        permissions: { contents: 'write' },
        justification: null,
      },
    ],
  },
  {
    // Waits for Ada's approval: acme is an organization, and Teodor isn't an owner of it.
    userLogin: 'teodor',
    kind: 'fine-grained',
    name: 'studio',
    description: '',
    expiresInDays: 90,
    scopes: [],
    grants: [
      {
        owner: 'acme',
        selection: 'selected',
        repositories: ['site'],
        permissions: { contents: 'read' },
        justification: 'Previews of the logo',
      },
    ],
  },
  scopes('ada', 'classic', 'old build server', ['repo', 'workflow'], null),
  scopes('mori', 'classic', 'public reader', [], 7),
  scopes('grace', 'scoped', 'nightly backup', ['read_repository'], 60),
  scopes('mori', 'scoped', 'desk', ['read_repository', 'write_repository'], 30),
];
