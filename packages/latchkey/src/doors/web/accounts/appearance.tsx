/** How pages look: as the system says, light or dark. Stored in the browser, because it concerns that browser. */
import { chooseTimeZone, noteTimeZone } from '../../../actions/accounts/own-profile.ts';
import { problem } from '../../../base/errors.ts';
import { SETTINGS_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import { THEMES } from '../frame/visit.ts';
import { page, redirect, type WebPage } from '../frame/web-page.ts';
import { Radios, Select } from '../parts/choice-fields.tsx';
import { Subhead } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';

const CHOICES = [
  { value: 'auto', label: 'As my system', note: 'Follows the setting of your system, by day and by night.' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
];

export const appearancePages: readonly WebPage[] = [
  {
    path: '/settings/appearance',
    access: 'signed-in',
    get: (visit) => {
      const f = visit.fields('appearance');
      return page(
        'Appearance',
        <WithMenu visit={visit} menu={SETTINGS_MENU}>
          <Subhead title="Appearance" level={1} />
          <Form f={f} submit="Save">
            <Radios
              f={f}
              name="theme"
              label="Colours"
              value={visit.theme}
              choices={CHOICES}
              note="Kept in this browser."
            />
            <Select
              f={f}
              name="time_zone"
              label="Time zone"
              value={visit.user.account.timeZone ?? ''}
              choices={zoneChoices(visit.user.account.timeZone)}
              note="For times on pages and in mails to you. UTC is shown when you point at a time."
            />
          </Form>
        </WithMenu>,
      );
    },
    forms: {
      appearance: {
        run: async (visit) => {
          const theme = THEMES.find((each) => each === visit.field('theme'));
          if (theme === undefined) throw problem('invalid', 'Choose one of the three.', 'theme');
          await chooseTimeZone(visit.ctx, await visit.ownPermit(), visit.field('time_zone') || null);
          visit.cookies.write('theme', theme);
          return redirect('/settings/appearance', { tone: 'success', text: 'Saved.' });
        },
      },
      // What a script tells once, while no zone is known.
      zone: {
        run: async (visit) => {
          await noteTimeZone(visit.ctx, await visit.ownPermit(), visit.field('time_zone'));
          return redirect('/settings/appearance');
        },
      },
    },
  },
];

/** Every zone that this server knows, and the one that was chosen. */
function zoneChoices(chosen: string | null): { value: string; label: string }[] {
  const zones = new Set(['UTC', ...(chosen === null ? [] : [chosen]), ...Intl.supportedValuesOf('timeZone')]);
  return [
    { value: '', label: 'As my browser says' },
    ...[...zones].map((zone) => ({ value: zone, label: zone.replaceAll('_', ' ') })),
  ];
}
