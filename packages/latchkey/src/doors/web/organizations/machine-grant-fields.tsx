/** What a machine account may be given, by a token of its own or by a rule for workloads. */
import type { VNode } from 'preact';
import type { Visit } from '../frame/visit.ts';
import type { Fields } from '../parts/fields.ts';
import { TextArea } from '../parts/text-fields.tsx';
import { permissionsOf } from '../tokens/form/draft.ts';
import { PermissionPicker } from '../tokens/form/permission-picker.tsx';
import type { Place } from './machine-place.tsx';

/** @param props.source what was typed; empty at first */
export function MachineGrantFields({
  place,
  visit,
  f,
  source,
}: {
  place: Place;
  visit: Visit;
  f: Fields;
  source: URLSearchParams;
}): VNode {
  return (
    <>
      <TextArea
        f={f}
        name="repositories"
        label="Repositories"
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
