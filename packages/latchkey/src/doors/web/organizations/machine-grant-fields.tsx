/** What a machine account may be given, by a token of its own or by a rule for workloads. */
import type { VNode } from 'preact';
import type { GrantDraft } from '../../../rules/grant-draft.ts';
import type { Visit } from '../frame/visit.ts';
import type { Fields } from '../parts/fields.ts';
import { TextArea } from '../parts/text-fields.tsx';
import { permissionsOf } from '../tokens/form/draft.ts';
import { PermissionPicker } from '../tokens/form/permission-picker.tsx';
import type { Place } from './machine-place.tsx';

/** @param props.source what was typed or is there; empty at first */
export function MachineGrantFields({
  place,
  visit,
  f,
  source,
  repositories = '',
}: {
  place: Place;
  visit: Visit;
  f: Fields;
  source: URLSearchParams;
  /** Those there are, one a line; '' = all. */
  repositories?: string;
}): VNode {
  return (
    <>
      <TextArea
        f={f}
        name="repositories"
        label="Repositories"
        value={repositories}
        rows={2}
        note={`Of ${place.owner(visit)}, one a line: those in which the machine has a role. Empty: all of these.`}
      />
      <PermissionPicker
        f={f}
        prefix=""
        ownerKind={place.ownerKind}
        publicOnly={false}
        chosen={permissionsOf(source, 0)}
        words={(source.get('permission_search') ?? '').slice(0, 100)}
      />
    </>
  );
}

/** What the fields say. The place fills in the owner. */
export function readMachineGrant(source: URLSearchParams): GrantDraft {
  const typed = source.get('repositories') ?? '';
  const repositories = [...new Set(typed.split(/\s+/).filter((name) => name !== ''))];
  return {
    owner: '',
    selection: repositories.length === 0 ? 'all' : 'selected',
    repositories,
    permissions: permissionsOf(source, 0),
    justification: null,
  };
}
