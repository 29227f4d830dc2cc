/** What an organization's new repositories begin with. */
import { changeOrganization, readOrganization } from '../../../actions/organizations/organizations.ts';
import { MAX_REF_BYTES } from '../../../git/objects/names.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { OrganizationArea, organizationPath, organizationPermit } from '../organizations/area.tsx';
import { Subhead } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { TextField } from '../parts/text-fields.tsx';

async function show(visit: Visit): Promise<Answer> {
  const permit = await organizationPermit(visit, { organization_administration: 'read' }, false);
  const { account } = await readOrganization(visit.ctx, permit);
  const chosen = account.profile['default_repository_branch'];
  return page(
    `Repository defaults of ${account.login}`,
    <OrganizationArea visit={visit}>
      <Subhead title="Repository defaults" level={1} />
      <Form f={visit.fields('defaults')} submit="Save defaults">
        <TextField
          f={visit.fields('defaults')}
          name="default_repository_branch"
          label="Default branch of new repositories"
          value={typeof chosen === 'string' ? chosen : ''}
          block={false}
          maxLength={MAX_REF_BYTES}
          spellcheck={false}
          note={
            `Blank: ${visit.ctx.settings.defaultBranch}, as everywhere on this server. Existing repositories keep ` +
            'theirs; whoever makes a repository can choose another.'
          }
        />
      </Form>
    </OrganizationArea>,
  );
}

async function save(visit: Visit): Promise<Answer> {
  const permit = await organizationPermit(visit, { organization_administration: 'write' });
  await changeOrganization(visit.ctx, permit, {
    default_repository_branch: visit.field('default_repository_branch').trim(),
  });
  return redirect(organizationPath(visit.param('org'), 'repository-defaults'), {
    tone: 'success',
    text: 'Defaults saved.',
  });
}

export const repositoryDefaultPages: readonly WebPage[] = [
  {
    path: '/organizations/:org/settings/repository-defaults',
    access: 'signed-in',
    get: show,
    forms: { defaults: { run: save } },
  },
];
