/** Whose applications a page is about: one's own, or those of the instance; and how an application is shown. */
import type { VNode } from 'preact';
import type { Permit } from '../../../actions/decision/authorize.ts';
import { redirectPlace } from '../../../rules/applications/redirect-uris.ts';
import type { Need } from '../../../rules/model.ts';
import { type Area, DeveloperArea, InstanceArea } from '../frame/areas.tsx';
import type { Visit } from '../frame/visit.ts';
import type { Access } from '../frame/web-page.ts';
import type { Fields } from '../parts/fields.ts';
import { TextArea, TextField } from '../parts/text-fields.tsx';

export interface Place {
  readonly path: string;
  readonly access: Access;
  readonly Area: Area;
  /** Who may ask with an application that is registered here. */
  readonly lead: string;
  permit(visit: Visit, writes: boolean): Promise<Permit>;
}

const needOf = (writes: boolean): Need => ({
  sets: [{ instance_policies: writes ? 'write' : 'read' }],
  publicRead: false,
  writes,
});

export const OWN: Place = {
  path: '/settings/applications',
  access: 'sudo',
  Area: DeveloperArea,
  lead: 'People who sign in with them see your name.',
  permit: (visit) => visit.ownPermit(),
};

export const OF_INSTANCE: Place = {
  path: '/instance/applications',
  access: 'administrator',
  Area: InstanceArea,
  lead: 'People who sign in with them see that an administrator of this server added them.',
  permit: (visit, writes) => visit.permit(needOf(writes), { kind: 'instance' }),
};

export const PLACES: readonly Place[] = [OWN, OF_INSTANCE];

/** The fields of an application that can be changed later. */
export function ApplicationFields({
  f,
  given = { name: '', homepage: '', redirectUris: [] },
}: {
  f: Fields;
  given?: { readonly name: string; readonly homepage: string; readonly redirectUris: readonly string[] };
}): VNode {
  return (
    <>
      <TextField
        f={f}
        name="name"
        label="Name"
        value={given.name}
        maxLength={60}
        required
        note="People see it when the application asks for access."
      />
      <TextField
        f={f}
        name="homepage"
        label="Homepage"
        value={given.homepage}
        type="url"
        maxLength={255}
        spellcheck={false}
        note="Where people can learn more."
      />
      <TextArea
        f={f}
        name="redirect_uris"
        label="Callback addresses"
        value={given.redirectUris.join('\n')}
        rows={3}
        note="One per line, exact: https://, or http://127.0.0.1/ for the person’s own machine, with any port."
      />
    </>
  );
}

/** What was typed into them. */
export function typedApplication(visit: Visit): { name: string; homepage: string; redirectUris: string[] } {
  return {
    name: visit.field('name'),
    homepage: visit.field('homepage'),
    redirectUris: visit.field('redirect_uris').split(/\s+/),
  };
}

/** Where an application gets its answers, in words. */
export function placesOf(redirectUris: readonly string[]): string {
  const places = [...new Set(redirectUris.map(redirectPlace))];
  return places.length === 0 ? 'Answers nowhere yet' : `Answers go to ${places.join(', ')}`;
}
