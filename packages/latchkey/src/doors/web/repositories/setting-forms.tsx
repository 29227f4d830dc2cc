/** What the sections of a repository's settings share: permits and links back. */
import type { Permit } from '../../../actions/decision/authorize.ts';
import type { TransferDraft } from '../../../actions/repositories/transfers.ts';
import { problem } from '../../../base/errors.ts';
import { needOf } from '../../../catalogue/routes/github.ts';
import type { Flash, Visit } from '../frame/visit.ts';
import { type Answer, redirect } from '../frame/web-page.ts';
import { numberIn } from '../organizations/area.tsx';

/** What changing the settings requires. */
const MANAGE = needOf('PATCH', '/repos/{owner}/{repo}');
/** Rows of each list on one page. */
export const SHOWN = 100;

export const nameOf = (visit: Visit) => ({ owner: visit.param('owner'), name: visit.param('repo') });
export const permitTo = (visit: Visit, need = MANAGE): Promise<Permit> =>
  visit.permit(need, { kind: 'repository', ...nameOf(visit) });
/**
 * An archived repository takes no changes except unarchiving. Anybody who may read its administration sees its
 * settings.
 */
export const SEE_SETTINGS = { sets: [{ administration: 'write' }], publicRead: false, writes: false } as const;

/** Back to the settings, with a sentence about what was done, and the form that undoes it. */
export function back(visit: Visit, text: string, undo?: Flash['undo']): Answer {
  const flash = { tone: 'success', text, ...(undo === undefined ? {} : { undo }) } as const;
  return redirect(`/${visit.param('owner')}/${visit.param('repo')}/settings`, flash);
}

/** The id in a row's form. @throws Problem when it isn't one */
export function idTyped(visit: Visit): number {
  const id = visit.typed === null ? null : numberIn(visit.typed, 'id');
  if (id === null) throw problem('not_found', 'That is already gone.');
  return id;
}

/** Where a repository is to go, as it was typed. @throws Problem when nothing was */
export function transferTyped(visit: Visit): TransferDraft {
  const newOwner = visit.field('new_owner');
  if (newOwner === '') throw problem('missing_field', 'Enter the new owner.', 'new_owner');
  const newName = visit.field('new_name');
  return { newOwner, newName: newName === '' ? undefined : newName };
}
