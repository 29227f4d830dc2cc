/** Buttons that lead to identity providers, and the page in between. */
import type { VNode } from 'preact';
import { beginAtProvider, offeredProviders, type ProviderAim } from '../../../actions/identity/provider-sign-in.ts';
import { Form, Hidden } from '../parts/form.tsx';
import { Narrow } from './layout.tsx';
import type { Visit } from './visit.ts';
import { type Answer, page } from './web-page.ts';

/** One button for each provider. Each is the form `provider` of its page. */
export function ProviderButtons({
  visit,
  words,
  without = [],
  only = null,
}: {
  visit: Visit;
  words: (label: string) => string;
  /** Issuers of those that get none. */
  without?: readonly string[];
  /** Issuers of those that get one; null = all. */
  only?: readonly string[] | null;
}): VNode {
  return (
    <>
      {offeredProviders(visit.ctx)
        .filter(({ issuer }) => !without.includes(issuer) && (only === null || only.includes(issuer)))
        .map(({ name, label }) => (
          <Form f={visit.fields('provider')} submit={words(label)} tone="default" cancel={null}>
            <Hidden name="provider" value={name} />
            <Hidden name="login_hint" value={(visit.query.get('login_hint') ?? '').slice(0, MAX_HINT_LENGTH)} />
          </Form>
        ))}
    </>
  );
}

const MAX_HINT_LENGTH = 254;

/**
 * Sends the browser to the provider that was chosen. Only a form of ours does: a link of another site must not sign
 * anybody in without their doing.
 */
export async function toProvider(
  visit: Visit,
  aim: ProviderAim,
  to: string,
  { provider, organization }: { readonly provider: string; readonly organization?: string } = {
    provider: visit.field('provider'),
  },
): Promise<Answer> {
  const { href } = await beginAtProvider(visit.ctx, visit.sender, {
    provider,
    organization,
    aim,
    to,
    hint: visit.field('login_hint').slice(0, MAX_HINT_LENGTH),
  });
  return goingTo('Signing in', href);
}

/** A page that leads to a provider on its own. */
export function goingTo(title: string, href: string): Answer {
  return page(
    title,
    <Narrow title="You are being taken there">
      <p class="text-center">
        <a class="btn" href={href}>
          Continue
        </a>
      </p>
    </Narrow>,
    { goesTo: href },
  );
}
