/** A link of the demo, as its terminal prints it: one button, which signs in as the person. */
import { personOfDemoLink, signInByDemoLink } from '../../../actions/accounts/demo-links.ts';
import { signOut } from '../../../actions/accounts/sessions.ts';
import { readSecret } from '../../../actions/ground/one-time-secrets.ts';
import { deadLink } from '../frame/error-pages.tsx';
import { Narrow } from '../frame/layout.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Form } from '../parts/form.tsx';

export const demoPages: readonly WebPage[] = [
  { path: '/demo/:link', access: 'anybody', get: showDemoLink, forms: { 'sign-in': { run: doDemoSignIn } } },
];

const dead = (): Answer =>
  deadLink(
    'Links of the demo work once, in a browser on the machine where it runs. Stop the demo and start it again: it ' +
      'prints new ones.',
  );

async function showDemoLink(visit: Visit): Promise<Answer> {
  const link = readSecret(visit.params['link']);
  const account = link === null ? null : await personOfDemoLink(visit.ctx, link, visit.visitor);
  if (account === null) return dead();
  const title = `Sign in as ${account.login}`;
  return page(
    title,
    <Narrow title={`${title}?`}>
      <div class="Box p-3 text-center">
        <Form f={visit.fields('sign-in')} submit={title}>
          <p>
            This is the demo: everything in it is made up, and nothing leaves this machine.
            {visit.person === null ? '' : ` It signs you out as ${visit.person.account.login}.`}
          </p>
        </Form>
      </div>
    </Narrow>,
  );
}

async function doDemoSignIn(visit: Visit): Promise<Answer> {
  const link = readSecret(visit.params['link']);
  const begun = link === null ? null : await signInByDemoLink(visit.ctx, link, visit.device, visit.visitor);
  if (begun === null) return dead();
  if (visit.person !== null) await signOut(visit.ctx, visit.person, visit.visitor);
  visit.setSession(begun.secret);
  return redirect(begun.owes === null ? '/' : '/login/two-factor');
}
