/** The public profile; one page under GitHub's path and GitLab's, each with its own menu. */
import { changeProfile, MAX_PROFILE_LENGTH, PROFILE_FIELDS } from '../../../actions/accounts/own-profile.ts';
import { type Menu, PROFILE_MENU, SETTINGS_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Avatar, Subhead } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { TextArea, TextField } from '../parts/text-fields.tsx';

export const profilePages: readonly WebPage[] = [
  profilePage('/settings/profile', SETTINGS_MENU),
  profilePage('/-/user_settings/profile', PROFILE_MENU),
  // The paths in older guides of both systems.
  { path: '/settings', access: 'signed-in', get: () => redirect('/settings/profile') },
  { path: '/-/profile', access: 'signed-in', get: () => redirect('/-/user_settings/profile') },
];

function profilePage(path: string, menu: Menu): WebPage {
  return {
    path,
    access: 'signed-in',
    get: (visit) => show(visit, menu),
    forms: {
      profile: {
        run: async (visit) => {
          const values = Object.fromEntries(PROFILE_FIELDS.map(({ name }) => [name, visit.field(name)]));
          await changeProfile(visit.ctx, await visit.ownPermit(), { name: visit.field('name'), values });
          return redirect(path, { tone: 'success', text: 'The profile was saved.' });
        },
      },
    },
  };
}

function show(visit: Visit, menu: Menu): Answer {
  const { account } = visit.user;
  const f = visit.fields('profile');
  const value = (name: string): string => (typeof account.profile[name] === 'string' ? account.profile[name] : '');
  return page(
    'Public profile',
    <WithMenu visit={visit} menu={menu}>
      <Subhead title="Public profile" level={1} />
      <div class="d-flex flex-items-center lk-gap mb-4">
        <Avatar login={account.login} size="large" />
        <div>
          <div class="f3">{account.name === '' ? account.login : account.name}</div>
          {account.name === '' ? null : <div class="color-fg-muted">{account.login}</div>}
        </div>
      </div>
      <div class="lk-wide-form">
        <Form f={f} submit="Save the profile">
          <TextField
            f={f}
            name="name"
            label="Name"
            value={account.name}
            maxLength={MAX_PROFILE_LENGTH}
            autocomplete="name"
          />
          {PROFILE_FIELDS.map(({ name, label, long }) =>
            long ? (
              <TextArea f={f} name={name} label={label} value={value(name)} maxLength={MAX_PROFILE_LENGTH} />
            ) : (
              <TextField f={f} name={name} label={label} value={value(name)} maxLength={MAX_PROFILE_LENGTH} />
            ),
          )}
        </Form>
      </div>
    </WithMenu>,
  );
}
