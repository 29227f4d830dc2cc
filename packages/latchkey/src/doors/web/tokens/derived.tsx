/** What was derived from a token and lives, on the token's own page. */
import type { VNode } from 'preact';
import { endDerivedToken, listDerived, type SeenDerived } from '../../../actions/tokens/derivation.ts';
import { refRuleLine } from '../../../rules/refs/ref-rule-text.ts';
import { DeveloperArea } from '../frame/areas.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, type FormAction, type Question, redirect } from '../frame/web-page.ts';
import { Time } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { RightWords } from '../parts/spoken.tsx';
import { idParam } from './kinds.ts';

/** The list; nothing when there is none. */
export function Derived({ visit, derived }: { visit: Visit; derived: readonly SeenDerived[] }): VNode | null {
  if (derived.length === 0) return null;
  return (
    <>
      <h2 class="f3 mt-4 mb-2">Derived tokens</h2>
      <p class="color-fg-muted mb-2">
        Made by this token from itself. They end with it. Agents and sessions are named as the program told.
      </p>
      <div class="Box">
        <ul>
          {derived.map((each) => (
            <li class="Box-row">
              <p class="mb-1 lk-break">
                <strong>{each.name}</strong> <span class="lk-mono">…{each.lastEight}</span>
                {each.parentId === null ? '' : ', derived from another of these'}
              </p>
              <p class="mb-1 lk-break">
                <RightWords words={each.sentence} />
              </p>
              <p class="mb-1 lk-break color-fg-muted">{leftWords(each)}</p>
              <p class="mb-1 color-fg-muted">
                {each.agent === null
                  ? ''
                  : `${each.agent}${each.session === null ? '' : `, session ${each.session}`}; `}
                made <Time at={each.createdAt} />, ends <Time at={each.expiresAt} />
              </p>
              <Form f={visit.fields('end-derived')} submit={`End ${each.name}`} tone="danger" inline>
                <Hidden name="id" value={String(each.id)} />
              </Form>
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}

/** What was left of the token, in a sentence. */
function leftWords({ narrowing, repositoryNames }: SeenDerived): string {
  const { permissions, scopes, refRules, allowedAddresses, resource = null } = narrowing;
  const parts = [
    ...(permissions === null
      ? []
      : [
          `at most ${
            Object.entries(permissions)
              .map(([name, level]) => `${name}: ${level}`)
              .join(', ') || 'metadata: read'
          }`,
        ]),
    ...(scopes === null ? [] : [`scopes ${scopes.join(', ') || 'none'}`]),
    ...(repositoryNames === null ? [] : [`only ${repositoryNames.join(', ') || 'repositories that are gone'}`]),
    ...(refRules === null ? [] : [`pushes only to ${refRules.map(refRuleLine).join('; ')}`]),
    ...(allowedAddresses === null ? [] : [`from ${allowedAddresses.join(', ')}`]),
    ...(resource === null ? [] : [`only at ${resource === '' ? 'this server' : resource}`]),
  ];
  return parts.length === 0 ? 'Nothing was left out.' : `Narrowed: ${parts.join('; ')}.`;
}

/** Null when there is none that lives: then `run` says so. */
async function asksToEnd(visit: Visit): Promise<Question | null> {
  const living = await listDerived(visit.ctx, await visit.ownPermit(), idParam(visit));
  const derived = living.find(({ id }) => String(id) === visit.field('id'));
  if (derived === undefined) return null;
  return {
    title: 'End this derived token?',
    lead: 'Whatever uses it is refused from the next request on. This can’t be undone.',
    act: 'End it',
    consequences: [
      {
        title: <bdi>{derived.name}</bdi>,
        facts: `…${derived.lastEight}${derived.agent === null ? '' : `, used by ${derived.agent}`}`,
      },
      { title: 'What was derived from it ends, too' },
      { title: 'Stays: the token that it comes from', stays: true },
    ],
    subject: derived.id,
    within: DeveloperArea,
  };
}

export const endDerivedForm: FormAction = {
  asks: asksToEnd,
  run: async (visit): Promise<Answer> => {
    const id = Number(visit.field('id'));
    await endDerivedToken(visit.ctx, await visit.ownPermit(), idParam(visit), Number.isSafeInteger(id) ? id : 0);
    return redirect(visit.path, { tone: 'success', text: 'It is ended, and so is what was derived from it.' });
  },
};
