/** What a machine account may be given, by a token of its own or by a rule for workloads. */
import type { VNode } from 'preact';
import type { TokenView } from '../../../actions/tokens/views.ts';
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
  /** Those there are, one per line; '' = all. */
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
        note={`Of ${place.owner(visit)}, one per line: those in which the machine has a role. Blank: all of them.`}
      />
      <PermissionPicker
        f={f}
        prefix=""
        ownerKind={place.ownerKind}
        publicOnly={false}
        forMachine
        chosen={permissionsOf(source, 0)}
        words={(source.get('permission_search') ?? '').slice(0, 100)}
      />
    </>
  );
}

/** The repositories of a token as the field has them; '' = all, or the public ones. */
export function repositoriesOf({ grants: [grant] }: Pick<TokenView, 'grants'>): string {
  return grant?.selection === 'selected' ? grant.repositoryNames.join('\n') : '';
}

/**
 * What the fields say. The place fills in the owner. Repositories that nobody touched stay as they are, since the field
 * doesn't tell all of them from the public ones.
 * @param held the token that is edited; null = a new one
 */
export function grantIn(typed: URLSearchParams, held: Pick<TokenView, 'grants'> | null): GrantDraft {
  const names = (typed.get('repositories') ?? '').split(/\s+/).filter((name) => name !== '');
  const repositories = [...new Set(names)];
  const before = held?.grants[0];
  const isTouched = held === null || repositories.join('\n') !== repositoriesOf(held);
  return {
    owner: '',
    selection: before !== undefined && !isTouched ? before.selection : repositories.length === 0 ? 'all' : 'selected',
    repositories,
    permissions: permissionsOf(typed, 0),
    justification: null,
  };
}
