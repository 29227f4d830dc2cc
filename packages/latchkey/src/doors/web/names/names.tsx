/** Names that change: a person's own, an organization's for its owners, and anybody's for administrators. */
import type { VNode } from 'preact';
import { knownOf } from '../../../actions/changes/known.ts';
import { accountOfKind, MAX_FORMER_NAMES, ownAccountOf, renameAccount } from '../../../actions/changes/renaming.ts';
import type { Permit } from '../../../actions/decision/authorize.ts';
import { MAX_LOGIN_LENGTH } from '../../../rules/names.ts';
import { InstanceArea } from '../frame/areas.tsx';
import { SETTINGS_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, file, page, redirect, type WebPage } from '../frame/web-page.ts';
import { OrganizationArea, organizationPath, organizationPermit } from '../organizations/area.tsx';
import { Subhead } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { TextField } from '../parts/text-fields.tsx';

const OWN = '/settings/account';
const PEOPLE = '/instance/people';

const instancePermit = (visit: Visit): Promise<Permit> =>
  visit.permit({ sets: [{ instance_users: 'write' }], publicRead: false, writes: true }, { kind: 'instance' });
const ownerPermit = (visit: Visit): Promise<Permit> =>
  organizationPermit(visit, { organization_administration: 'write' });

/** What a change of the name does, and the form for it. */
function NameForm({ visit, login, whose }: { visit: Visit; login: string; whose: 'own' | 'theirs' | 'its' }): VNode {
  const f = visit.fields('rename');
  return (
    <>
      <p>
        The name is what others type, and a part of every address: <strong>{login}</strong> now.
      </p>
      <ul class="mb-3 ml-3">
        <li>Tokens, keys, sessions and roles stay as they are.</li>
        <li>What asks for {login} is led to the new name: git, REST, pages.</li>
        <li>
          Nobody else can take {login} for 90 days. After that, whoever takes it gets what is still sent there: change
          scripts and remotes by then.
        </li>
        {whose === 'its' ? null : (
          <li>{whose === 'own' ? 'You sign in with the new name.' : 'They sign in with the new name.'}</li>
        )}
      </ul>
      <div class="lk-wide-form">
        <Form f={f} submit="Change the name" tone="danger">
          <TextField
            f={f}
            name="login"
            label="New name"
            note={`It can be changed ${MAX_FORMER_NAMES} times in 90 days.`}
            required
            maxLength={MAX_LOGIN_LENGTH}
            spellcheck={false}
            autocomplete="off"
          />
        </Form>
      </div>
    </>
  );
}

async function showOwn(visit: Visit): Promise<Answer> {
  const { login } = visit.user.account;
  return page(
    'Account',
    <WithMenu visit={visit} menu={SETTINGS_MENU}>
      <Subhead title="Change your name" level={1} />
      <NameForm visit={visit} login={login} whose="own" />
      <h2 class="f3 mt-4 mb-2">What is known of you</h2>
      <p>
        One file with everything that is stored of you here, and what the log has of you: JSON, for you and for
        programs. Secrets aren't in it.
      </p>
      <p>
        <a class="btn" href={`${OWN}/data`} download={`${login}.json`}>
          Download it
        </a>
      </p>
      <p class="note">An administrator deletes your account. The log keeps the name for as long as entries are kept.</p>
    </WithMenu>,
  );
}

async function showOrganization(visit: Visit): Promise<Answer> {
  const { login } = await ownAccountOf(visit.ctx, await ownerPermit(visit));
  return page(
    `Name of ${login}`,
    <OrganizationArea visit={visit}>
      <Subhead title="Change the name" level={1} />
      <NameForm visit={visit} login={login} whose="its" />
    </OrganizationArea>,
  );
}

async function showPerson(visit: Visit): Promise<Answer> {
  const { login } = await accountOfKind(visit.ctx, await instancePermit(visit), 'user', visit.param('login'));
  return page(
    `Name of ${login}`,
    <InstanceArea visit={visit}>
      <Subhead title={`Change the name of ${login}`} level={1} />
      <NameForm visit={visit} login={login} whose="theirs" />
    </InstanceArea>,
  );
}

export const namePages: readonly WebPage[] = [
  {
    path: OWN,
    access: 'sudo',
    get: showOwn,
    forms: {
      rename: {
        access: 'fresh',
        run: async (visit) => {
          const permit = await visit.ownPermit();
          const own = await ownAccountOf(visit.ctx, permit);
          const { login } = await renameAccount(visit.ctx, permit, own, visit.field('login'));
          return redirect(OWN, { tone: 'success', text: `You are called ${login} now.` });
        },
      },
    },
  },
  {
    path: `${OWN}/data`,
    access: 'sudo',
    get: async (visit) => {
      const permit = await visit.ownPermit();
      const own = await ownAccountOf(visit.ctx, permit);
      return file('application/json', knownOf(visit.ctx, permit, own), `${own.login}.json`);
    },
  },
  {
    path: '/organizations/:org/settings/name',
    access: 'sudo',
    get: showOrganization,
    forms: {
      rename: {
        run: async (visit) => {
          const permit = await ownerPermit(visit);
          const account = await ownAccountOf(visit.ctx, permit);
          const { login } = await renameAccount(visit.ctx, permit, account, visit.field('login'));
          const text = `${account.login} is called ${login} now.`;
          return redirect(organizationPath(login, 'name'), { tone: 'success', text });
        },
      },
    },
  },
  {
    path: `${PEOPLE}/:login/name`,
    access: 'administrator',
    get: showPerson,
    forms: {
      rename: {
        run: async (visit) => {
          const permit = await instancePermit(visit);
          const account = await accountOfKind(visit.ctx, permit, 'user', visit.param('login'));
          const { login } = await renameAccount(visit.ctx, permit, account, visit.field('login'));
          return redirect(PEOPLE, { tone: 'success', text: `${account.login} is called ${login} now.` });
        },
      },
    },
  },
];
