/** An organization's rulesets, for its owners: what holds for branches and tags of its repositories. */
import { listRulesets } from '../../../actions/repositories/refs/rulesets.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { OrganizationArea, organizationPath, organizationPermit } from '../organizations/area.tsx';
import { Notice, Subhead } from '../parts/components.tsx';
import { Rulesets, rulesetForms } from './section.tsx';

const changes = (visit: Visit) => organizationPermit(visit, { organization_administration: 'write' });

async function show(visit: Visit): Promise<Answer> {
  const organization = visit.param('org');
  const rulesets = await listRulesets(visit.ctx, await changes(visit));
  return page(
    `Rulesets of ${organization}`,
    <OrganizationArea visit={visit}>
      <Subhead title="Rulesets" level={1} />
      <p class="color-fg-muted mb-3">
        What nobody may do to branches and tags of the organization’s repositories, except those who are let past. Each
        repository may forbid more.
      </p>
      {visit.problem !== null && visit.typed?.get('form') === 'remove-ruleset' ? (
        <Notice tone="error" role="alert">
          {visit.problem.message}
        </Notice>
      ) : null}
      <Rulesets visit={visit} rulesets={rulesets} isOrganization />
    </OrganizationArea>,
  );
}

export const organizationRulesetPages: readonly WebPage[] = [
  {
    path: '/organizations/:org/settings/rulesets',
    access: 'sudo',
    get: show,
    forms: rulesetForms({
      permit: changes,
      isOrganization: true,
      back: (visit, text) => redirect(organizationPath(visit.param('org'), 'rulesets'), { tone: 'success', text }),
    }),
  },
];
