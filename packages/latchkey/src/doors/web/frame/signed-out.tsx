/**
 * A form of somebody who is signed out by now: what they typed waits here until they are signed in again, in whatever
 * way. Works without scripts.
 *
 * Invariant: nothing of the form is carried out before they have seen it again: this page has no form token, so sending
 * it on only shows the form with what was typed.
 * Never: a password, a code or another secret in the page.
 */
import type { VNode } from 'preact';
import { Notice } from '../parts/components.tsx';
import { Hidden } from '../parts/form.tsx';
import { KeptFields, keptFields } from '../parts/kept-fields.tsx';
import { Narrow } from './layout.tsx';
import type { Visit } from './visit.ts';
import { type Answer, page } from './web-page.ts';

export function signedOut(visit: Visit): Answer {
  const kept = keptFields(visit.typed).filter(([name]) => !name.includes('secret'));
  return page(
    'Signed out',
    <Narrow title="You were signed out">
      <Notice tone="warn" role="status">
        Your session ended before this could be done. What you typed is kept on this page; passwords are not.
      </Notice>
      <div class="Box p-3">
        <ol class="pl-4 mb-0">
          <li class="mb-3">
            <SignInElsewhere />
          </li>
          <li>
            <form method="post" class="lk-form">
              <Hidden name="form" value={visit.typed?.get('form') ?? ''} />
              <KeptFields fields={kept} />
              <button type="submit" class="btn">
                Show me what I typed
              </button>
            </form>
          </li>
        </ol>
      </div>
    </Narrow>,
    { status: 401 },
  );
}

function SignInElsewhere(): VNode {
  return (
    <a class="btn btn-primary" href="/login" target="_blank" rel="noopener">
      Sign in (in a new tab)
    </a>
  );
}
