/** At the top of the home page: what needs this person, each with the one button that settles it. */
import type { ComponentChildren, VNode } from 'preact';
import type { Needs } from '../../../actions/organizations/needs.ts';
import { requestsWaitingWords, tokenEndingWords } from '../../../catalogue/mails/mail-words.ts';
import type { Visit } from '../frame/visit.ts';
import { organizationPath } from '../organizations/area.tsx';
import { Time } from '../parts/components.tsx';
import { Spoken } from '../parts/spoken.tsx';
import { pathOfToken } from '../tokens/kinds.ts';
import { Mend } from '../tokens/use/refusals.tsx';

export function NeedsList({ visit, needs: { refused, requests, ending } }: { visit: Visit; needs: Needs }): VNode {
  const count = refused.length + requests.length + ending.length;
  return (
    <section class="mb-4" aria-labelledby="needs-title">
      <h1 class="f2 mb-2" id="needs-title">
        {count === 0 ? 'Nothing needs you' : `${count} ${count === 1 ? 'thing needs' : 'things need'} you`}
      </h1>
      {count === 0 ? null : (
        <div class="Box">
          <ul>
            {refused.map(({ token, times, latest }) => (
              <Need act={<Settle visit={visit} token={token} latest={latest} />}>
                <p class="mb-1 color-fg-default">
                  <a class="text-bold" href={pathOfToken(token)}>
                    <bdi>{token.name}</bdi>
                  </a>{' '}
                  was refused {times === 1 ? 'once' : `${times} times`} today
                </p>
                <p class="note mb-0">
                  <Spoken words={latest.words.sentence} />
                </p>
              </Need>
            ))}
            {requests.map(({ organization, count: total, since }) => (
              <Need
                act={
                  <a class="btn btn-sm" href={organizationPath(organization, 'personal-access-token-requests')}>
                    Review
                  </a>
                }
              >
                <p class="mb-1 text-bold color-fg-default">{requestsWaitingWords(total, organization)}</p>
                <p class="note mb-0">
                  {total === 1 ? 'It was asked' : 'The first was asked'} <Time at={since} />
                </p>
              </Need>
            ))}
            {ending.map((token) => (
              <Need
                act={
                  <a class="btn btn-sm" href={`${pathOfToken(token)}/renew`}>
                    Rotate
                  </a>
                }
              >
                <p class="mb-1 text-bold color-fg-default">
                  {tokenEndingWords(token.name, daysLeft(visit, token.expiresAt))}
                </p>
                <p class="note mb-0">Rotate it. The old secret keeps working until the new one is used.</p>
              </Need>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}

/** The fix where a page of ours has one; otherwise the token's page, which says what to do. */
function Settle({
  visit,
  token,
  latest,
}: { visit: Visit } & Pick<Needs['refused'][number], 'token' | 'latest'>): VNode {
  const path = pathOfToken(token);
  return latest.words.url?.startsWith(`${visit.ctx.settings.publicUrl}${path}?`) === true ? (
    <Mend visit={visit} token={token} refusal={latest} />
  ) : (
    <a class="btn btn-sm" href={path}>
      See why
    </a>
  );
}

function Need({ act, children }: { act: VNode; children: ComponentChildren }): VNode {
  return (
    <li class="Box-row lk-token-row">
      <div class="lk-token-what">{children}</div>
      <div>{act}</div>
    </li>
  );
}

function daysLeft({ ctx }: Visit, expiresAt: number): number {
  return Math.max(0, Math.floor((expiresAt - ctx.clock.now()) / 86_400));
}
